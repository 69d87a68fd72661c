#pragma once

#include <array>
#include <string>

#include "stages/training_run.h"

namespace y6q::stages {

struct TrainOptions {
  TrainingOptions training;
  std::string architecture = "yolov6n";  ///< models::architectures()
  std::string mode = "repopt";           ///< models::trainable_modes()
  std::array<int64_t, 2> image_size{640, 640};
  /// For mode repopt: RepOptimizer's scales (formats::read_scales). Empty: plain SGD on the single-branch
  /// network.
  fs::path scales;
  /// Network to start from (fine_tuning.h); architecture and mode are then its own, or empty. Empty: from
  /// scratch.
  fs::path weights;
};

/// Settings for a network and a set of so many training images: those of spec/02 §7 and spec/06 §8, and below
/// kSmallSet images a shorter run with a short warm-up and a step each iteration (the shipped warm-up of
/// 1,000 iterations would be longer than the whole run).
train::TrainRecipe default_recipe(const std::string& architecture, const std::string& mode,
                                  int64_t train_images);
inline constexpr int64_t kSmallSet = 10000;

/// Trains a float network; the model files hold averaged weights. Throws UsageError when the network to start
/// from is of another architecture or mode than asked for.
TrainSummary train(const TrainOptions& options, Run& run);

}  // namespace y6q::stages
