#pragma once

#include <CLI/CLI.hpp>

#include "stages/train.h"

namespace y6q::cli {

/// What train and pipeline share: data, network, recipe overrides, loading.
void add_train_options(CLI::App& app, stages::TrainOptions& options);

}  // namespace y6q::cli
