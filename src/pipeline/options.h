#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "stages/calibrate.h"
#include "stages/train.h"

namespace y6q::pipeline {

/// How speed is measured; `bench:` in a recipe.
struct BenchSettings {
  double seconds = 1;  ///< for each file, precision and round
  int rounds = 5;      ///< files take turns
  std::vector<int64_t> batches{1, 32};
};
const std::vector<Field<BenchSettings>>& bench_fields();

/// Parts that can be left out or added; `pipeline:` in a recipe.
struct Parts {
  bool sensitivity = true;
  bool qat = true;
  bool distill = true;
  bool branchy = false;  ///< the branchy network (mode repvgg) through the same steps, for comparison
};
const std::vector<Field<Parts>>& part_fields();

struct PipelineOptions {
  /// Of the float network; training.out is the folder of the run. In mode repopt scales are searched for
  /// unless they are given.
  stages::TrainOptions train;
  bool search = true;         ///< false: mode repopt without scales is plain SGD on the single-branch network
  std::string search_recipe;  ///< YAML text; empty: as for the float network
  std::string qat_recipe;     ///< YAML text over stages::default_qat_recipe
  stages::CalibrationSettings calibrate;
  Parts parts;
  BenchSettings bench;
  std::string split = "val";  ///< what the table is measured on; test only when asked for finally
  std::string from, to;       ///< names of phases (kPhases); empty: the first, the last
};

/// A recipe file: YAML with the maps `train`, `hyper_search`, `qat` (train::TrainRecipe), `calibrate`
/// (stages::calibration_fields), `bench` and `pipeline`. Sets what it says. Throws InputError naming file,
/// line and what is accepted.
void read_pipeline_recipe(const fs::path& path, PipelineOptions& options);

}  // namespace y6q::pipeline
