#pragma once

#include <nlohmann/json.hpp>

#include "pipeline/results.h"
#include "report/table.h"

namespace y6q::pipeline {

/// The tutorial's table for readers: accuracy, its difference to float with an interval, how a model was
/// selected, speed and ratios; a line a model and precision.
report::Table result_table(const Result& result);

/// What a row is, in words: "QAT, INT8 engine".
std::string title_of(const Row& row);

/// The precision whose speed belongs to a row: "fp32", "bf16", "int8"; empty: a simulation has none.
std::string precision_of(const Row& row);

/// summary.json (docs/reference/summary.md).
nlohmann::json result_document(const Result& result);

}  // namespace y6q::pipeline
