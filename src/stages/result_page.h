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
      detections;           ///< by model, float first, engine last
  std::string history_csv;  ///< of the float training
  std::string architecture, mode, data_sha256;
};

/// The report of a pipeline: table, curves, detections of the float model and the engine side by side,
/// provenance. Reads the pictures it shows.
report::Page result_page(const ResultPageInputs& inputs);

}  // namespace y6q::stages
