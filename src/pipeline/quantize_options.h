#pragma once

#include <array>
#include <optional>
#include <string>

#include "pipeline/options.h"

namespace y6q::pipeline {

/// What a quantized network has to be.
struct Bounds {
  double max_drop = 0;                     ///< points of mAP (0..100) that it may lose to the float network
  std::optional<double> confidence = {};   ///< in (0, 1): what the interval of the loss reaches counts, too
  std::optional<double> min_speedup = {};  ///< to the engine's best float precision
};

/// A search for the cheapest way to quantize a network within bounds.
struct QuantizeOptions {
  fs::path weights;  ///< float model file
  fs::path out;      ///< folder of the search
  fs::path scales;   ///< RepOptimizer's, for QAT; empty: none
  Bounds bounds;
  /// What all trials have in common; method and equalize are what is tried.
  ptq::RangeOptions ranges;
  stages::TrainingOptions qat;  ///< recipe, epochs and batch size; its folder is the trial's
  BenchSettings bench{.seconds = 0.5, .rounds = 5, .batches = {1}};
  std::optional<double> time_budget_s = {};  ///< of the trials of one call
};

}  // namespace y6q::pipeline
