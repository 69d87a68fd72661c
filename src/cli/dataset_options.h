#pragma once

#include <CLI/CLI.hpp>

#include "data/dataset.h"

namespace y6q::cli {

/// How a command reads its data set: --classes, --skip-broken, --keep-difficult, --verify; and the folder in
/// which the index of its images is kept.
void add_dataset_options(CLI::App& app, data::DatasetOptions& options);

}  // namespace y6q::cli
