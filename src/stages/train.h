#pragma once

#include <array>
#include <optional>
#include <string>

#include "base/files.h"
#include "base/monitor.h"
#include "train/checkpoint.h"
#include "train/recipe.h"

namespace y6q::stages {

struct TrainOptions {
  fs::path data;
  fs::path out;  ///< folder: best.safetensors, last.safetensors, state.safetensors, history.csv
  std::string architecture = "yolov6n";  ///< models::architectures()
  std::string mode = "repopt";           ///< repopt, hyper_search, repvgg
  std::array<int64_t, 2> image_size{640, 640};
  std::string recipe;  ///< YAML text (train::TrainRecipe); what it leaves out is as in default_recipe()
  std::string recipe_origin = "recipe";       ///< where it comes from, for messages
  std::optional<int64_t> epochs, batch_size;  ///< replace those of the recipe
  std::optional<uint64_t> seed;
  int workers = 2, threads = 0;
  bool resume = false;  ///< go on from out/state.safetensors when it exists
  bool skip_broken = false;
};

struct TrainSummary {
  fs::path best, last;
  double best_map = -1;  ///< on val, 0..1
  int64_t best_epoch = -1;
  std::vector<train::EpochRow> history;
};

/// Settings for a network and a set of so many training images: those of spec/02 §7 and spec/06 §8, and below
/// kSmallSet images a shorter run with a short warm-up and a step each iteration (the shipped warm-up of
/// 1,000 iterations would be longer than the whole run).
train::TrainRecipe default_recipe(const std::string& architecture, const std::string& mode,
                                  int64_t train_images);
inline constexpr int64_t kSmallSet = 10000;

/// Trains a float network; the model files hold averaged weights.
TrainSummary train(const TrainOptions& options, Monitor& monitor);

}  // namespace y6q::stages
