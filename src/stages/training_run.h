#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>

#include "data/dataset.h"
#include "formats/model_file.h"
#include "train/loop.h"

namespace y6q::stages {

/// What every kind of training is told.
struct TrainingRunOptions {
  fs::path data;
  fs::path out;  ///< folder: best.safetensors, last.safetensors, state.safetensors, recipe.yaml, history.csv,
                 ///< iterations.csv, tensorboard/
  std::string
      recipe;  ///< YAML text (train::TrainRecipe); what it leaves out is as the stage's default recipe
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
  int64_t skipped = 0;  ///< broken samples of train and val that were left out
};

/// The splits a run learns from and is judged by.
struct TrainingSets {
  data::Dataset train, val;
};
TrainingSets read_training_sets(const TrainingRunOptions& options, Monitor& monitor);

/// The defaults with what the options' recipe and single settings replace. Throws InputError.
train::TrainRecipe chosen_recipe(const TrainingRunOptions& options, const train::TrainRecipe& defaults);

struct TrainingRun {
  train::Training training;
  train::TrainRecipe recipe;
  formats::ModelInfo info;  ///< of the files to write; the recipe is added to its provenance
  std::string subject;      ///< what a training state belongs to, beside recipe and data
  /// Applied before a model is evaluated or written (weight ranges of averaged weights).
  std::function<ir::Model(const ir::Model&)> finish = [](const ir::Model& model) { return model; };
};

/// Trains, evaluates on val as the recipe says, writes the files of TrainingRunOptions::out. Throws
/// InputError for
/// --resume without a state, UsageError for a folder that holds a state without --resume, or that another
/// process is working in.
TrainSummary run_training(const TrainingRun& run, const TrainingSets& sets, const TrainingRunOptions& options,
                          Monitor& monitor);

}  // namespace y6q::stages
