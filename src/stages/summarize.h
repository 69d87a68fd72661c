#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "report/table.h"

namespace y6q::stages {

/// Mean of n numbers, their standard deviation (n - 1), and the standard error of the mean; the latter two
/// are 0 for a single number.
struct Spread {
  double mean = 0, deviation = 0, error = 0;
};
Spread spread_of(const std::vector<double>& values);

/// One model of the pipeline's tables over several runs; mAP in 0..1, differences within each run.
struct SummarizedRow {
  std::string model;         ///< as in summary.json
  std::vector<double> maps;  ///< by run, in the order given
  Spread map;
  std::optional<Spread> to_float;  ///< less the run's float model
  std::optional<Spread> to_ptq;  ///< of a model trained with quantizers: less the run's PTQ, engine to engine
  size_t alarms = 0;             ///< runs in which this engine is not what was simulated
};

struct Summarized {
  std::string split, protocol;
  std::vector<std::string> runs;  ///< folders
  std::vector<SummarizedRow> rows;
};

/// Reads summary.json of each run's folder (of its final/ with `final`). Runs that differ in split, protocol
/// or models cannot be averaged: InputError names both.
Summarized summarize(const std::vector<fs::path>& runs, bool final);

report::Table to_table(const Summarized& summarized);
nlohmann::json to_json(const Summarized& summarized);

}  // namespace y6q::stages
