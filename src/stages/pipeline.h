#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "report/table.h"
#include "stages/calibrate.h"
#include "stages/train.h"

namespace y6q::stages {

struct PipelineOptions {
  TrainOptions train;          ///< its data, out, seed, workers, threads and image size hold for every step
  CalibrateOptions calibrate;  ///< its scheme, method, percentile and number of images
  std::string split = "val";   ///< what the table is measured on; test only when asked for finally
  double bench_seconds = 1;
  int bench_rounds = 5;
};

/// One line of the table.
struct PipelineRow {
  std::string model;  ///< "float", "ptq", "engine"
  double map = 0, map50 = 0;
  std::map<std::string, double> latency_ms;  ///< median at batch 1 by precision
};

struct PipelineResult {
  std::string split, protocol, isa;
  std::vector<PipelineRow> rows;
};

/// The table for readers.
report::Table result_table(const PipelineResult& result);
/// summary.json: {"split", "protocol", "isa", "rows": [{"model", "split", "map", "map50", "latency_ms":
/// {…}}]}.
nlohmann::json result_document(const PipelineResult& result);

/// A recipe file: YAML with the maps `train` (train::TrainRecipe), `calibrate` (scheme, method, percentile,
/// images, bias_correction) and `bench` (seconds, rounds). Sets what it says. Throws InputError naming file,
/// line and what is accepted.
void read_pipeline_recipe(const fs::path& path, PipelineOptions& options);

/// float → calibrate → export → evaluate → bench → report, each in its folder under out; done steps are
/// skipped, an interrupted one goes on. Leaves summary.json and report.html in `out`.
PipelineResult pipeline(const PipelineOptions& options, Monitor& monitor);

}  // namespace y6q::stages
