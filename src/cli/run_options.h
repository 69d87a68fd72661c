#pragma once

#include <CLI/CLI.hpp>

#include "stages/run.h"

namespace y6q::cli {

/// --data, --seed, --workers, --threads, --device, --skip-broken: what a Run is made of.
void add_run_options(CLI::App& app, stages::RunOptions& options);

}  // namespace y6q::cli
