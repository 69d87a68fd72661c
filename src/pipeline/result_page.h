#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"
#include "pipeline/judged.h"
#include "pipeline/results.h"
#include "report/html.h"

namespace y6q::pipeline {

struct ResultPageInputs {
  const Result& result;
  const PipelineOptions& options;
  const Network& network;
  const data::Dataset& dataset;  ///< the split of the table
  fs::path data_path;
  std::string data_sha256;  ///< of the training split
  uint64_t seed = 0;
  std::vector<std::string> commands;  ///< the same by hand
  std::span<const Judged> judged;     ///< the rows
  coco::GroundTruth truth;
  std::vector<std::pair<std::string, double>> seconds;  ///< of each step, by name
};

/// The report of a run: what to deploy, table, engines against their simulations, classes, precision over
/// recall, confusions, errors, worst images beside their labels, labels, curves, sensitivity, ranges,
/// provenance, commands. Reads the files of the run and the pictures it shows.
report::Page result_page(const ResultPageInputs& inputs);

}  // namespace y6q::pipeline
