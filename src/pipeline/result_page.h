#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"
#include "pipeline/results.h"
#include "report/html.h"

namespace y6q::pipeline {

struct ResultPageInputs {
  const Result& result;
  const PipelineOptions& options;
  const Network& network;
  const data::Dataset& dataset;       ///< the split of the table
  std::string data_sha256;            ///< of the training split
  std::vector<std::string> commands;  ///< the same by hand
};

/// The report of a run: table, detections of the float and the quantized network side by side, curves,
/// sensitivity, ranges, provenance, commands. Reads the files of the run and the pictures it shows.
report::Page result_page(const ResultPageInputs& inputs);

}  // namespace y6q::pipeline
