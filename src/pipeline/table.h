#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "pipeline/pipeline.h"
#include "report/table.h"

namespace y6q::pipeline {
using namespace stages;  // TEMPORARY

/// The tutorial's table for readers: accuracy, speed and ratios, a line a model and precision.
report::Table result_table(const PipelineResult& result);

/// summary.json (docs/reference/summary.md).
nlohmann::json result_document(const PipelineResult& result);

}  // namespace y6q::pipeline
