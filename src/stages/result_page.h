#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/dataset.h"
#include "eval/coco_dataset.h"
#include "report/html.h"
#include "stages/pipeline.h"

namespace y6q::stages {

struct ResultPageInputs {
  const PipelineResult& result;
  const data::Dataset& dataset;  ///< the split of the table
  std::vector<std::pair<std::string, eval::CocoDetections>>
      detections;  ///< by model, float first, the last quantized one last
  std::vector<std::pair<std::string, std::string>> histories;  ///< what was trained, its history.csv
  fs::path sensitivity, ranges;  ///< files of those steps; shown when they exist
  std::string architecture, mode, data_sha256;
  fs::path data;
};

/// The report of a pipeline: table, detections of the float and the quantized network side by side, curves,
/// sensitivity, ranges, provenance, commands. Reads the pictures it shows.
report::Page result_page(const ResultPageInputs& inputs);

}  // namespace y6q::stages
