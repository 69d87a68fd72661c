#pragma once

#include <string>
#include <utility>
#include <vector>

#include "coco/dataset.h"
#include "data/dataset.h"
#include "pipeline/pipeline.h"
#include "report/html.h"

namespace y6q::pipeline {
using namespace stages;  // TEMPORARY

struct ResultPageInputs {
  const PipelineResult& result;
  const PipelineOptions& options;
  const data::Dataset& dataset;  ///< the split of the table
  std::string data_sha256;       ///< of the training split
  fs::path quantized = {};       ///< the last quantized model, in the run's folder
  std::vector<std::pair<std::string, coco::Detections>> detections =
      {};  ///< by model, float first, the last quantized one last
  std::vector<std::pair<std::string, std::string>> histories = {};  ///< what was trained, its history.csv
};

/// The report of a pipeline: table, detections of the float and the quantized network side by side, curves,
/// sensitivity, ranges, provenance, commands. Reads the pictures it shows.
report::Page result_page(const ResultPageInputs& inputs);

}  // namespace y6q::pipeline
