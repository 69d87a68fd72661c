#pragma once

#include <nlohmann/json.hpp>

#include "pipeline/results.h"
#include "report/table.h"

namespace y6q::pipeline {

/// The tutorial's table for readers: accuracy, its difference to float with an interval, how a model was
/// selected, speed and ratios; a line a model and precision.
report::Table result_table(const Result& result);

/// summary.json (docs/reference/summary.md).
nlohmann::json result_document(const Result& result);

}  // namespace y6q::pipeline
