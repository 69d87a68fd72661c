#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "ptq/calibrator.h"

namespace y6q::cli {

/// --scheme, --method, --percentile, --bias-correction.
void add_range_options(CLI::App& app, ptq::RangeOptions& options);

}  // namespace y6q::cli
