#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>

#include "formats/model_file.h"
#include "stages/run.h"
#include "train/loop.h"

namespace y6q::stages {

/// What every kind of training is told.
struct TrainingOptions {
  fs::path out;  ///< folder: best.safetensors, last.safetensors, state.safetensors, recipe.yaml, history.csv,
                 ///< iterations.csv, tensorboard/
  std::string
      recipe;  ///< YAML text (train::TrainRecipe); what it leaves out is as the stage's default recipe
  std::string recipe_origin = "recipe";       ///< where it comes from, for messages
  std::optional<int64_t> epochs, batch_size;  ///< replace those of the recipe
  bool fit_batch = false;  ///< the batch is chosen by the memory that is free (batch_fit.h)
  /// Go on from out/state.safetensors. A job that its scheduler has started again does so unasked.
  bool resume = false;
};

struct TrainSummary {
  fs::path best, last;
  double best_map = -1;  ///< on val, 0..1
  int64_t best_epoch = -1;
  std::vector<train::EpochRow> history;
  int64_t skipped = 0;  ///< broken samples of train and val that were left out
};

/// The defaults with what the options' recipe and single settings and the run's seed replace. Throws
/// InputError.
train::TrainRecipe chosen_recipe(const TrainingOptions& options, const Run& run,
                                 const train::TrainRecipe& defaults);

/// Refuses what can be told without data: mistakes of the recipe (InputError), --resume without a state
/// (InputError), a folder that holds a run without --resume (UsageError).
void refuse_early(const TrainingOptions& options);

struct TrainingPlan {
  train::Training training;
  train::TrainRecipe recipe;
  formats::ModelInfo info;  ///< of the files to write; the recipe is added to its provenance
  std::string subject;      ///< what a training state belongs to, beside recipe and data
  /// Applied before a model is evaluated or written (weight ranges of averaged weights).
  std::function<ir::Model(const ir::Model&)> finish = [](const ir::Model& model) { return model; };
};

/// Trains on the run's train split, evaluates on val as the recipe says, writes the files of
/// TrainingOptions::out. What would be refused at the end is refused before the start. Throws as
/// refuse_early, UsageError for a folder that another process is working in, EnvironmentError when the disk
/// has no room for the files.
TrainSummary run_training(const TrainingPlan& plan, const TrainingOptions& options, Run& run);

}  // namespace y6q::stages
