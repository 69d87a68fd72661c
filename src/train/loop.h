#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/monitor.h"
#include "data/loader.h"
#include "dist/group.h"
#include "ir/model.h"
#include "train/checkpoint.h"
#include "train/image_loss.h"
#include "train/recipe.h"
#include "train/training.h"

namespace y6q::train {

/// One iteration, after its gradients were added.
struct IterationRow {
  int64_t iteration = 0, epoch = 0;  ///< from 0
  LossTerms terms;
  double lr = 0;
};

/// What a run shows and keeps, and with whom it works; all of it may be left out. With several processes the
/// first one alone writes; evaluate is called by all and gives all the same.
struct TrainContext {
  /// COCO mAP in 0..1 of the model that would be kept. Absent: no evaluation, the last model is the best. May
  /// throw Interrupted: the run stops as if asked to, and the resumed one begins with the evaluation.
  std::function<double(const ir::Model& model)> evaluate = {};
  fs::path state_file = {};   ///< written after every epoch and when stopped
  fs::path history_csv = {};  ///< written after every epoch
  std::function<void(int64_t iteration)> on_start =
      {};  ///< the first iteration of this run, or after resuming
  std::function<void(const IterationRow&)> on_iteration = {};
  std::function<void(const EpochRow&)> on_epoch = {};
  std::string subject = {};  ///< one line: network and data; a state of another subject is refused
  bool resume = false;       ///< go on from state_file when it exists
  Monitor* monitor = &silent_monitor();
  dist::Group* group = &dist::alone();  ///< the loader's parts are its ranks
  std::string device = "cpu";           ///< see eager::open_device
};

struct TrainResult {
  ir::Model last,
      best;  ///< averaged weights when the recipe says ema; best: greatest mAP, the later of equals
  double best_map = -1;  ///< -1: never evaluated
  int64_t best_epoch = -1;
  std::vector<EpochRow> history;
};

/// Trains `training.start` on the loader's batches. The same model, data, recipe, machine and thread count
/// give the same weights, interrupted and resumed or not; with several processes the same to rounding (where
/// batch normalisation takes its statistics from a process' own images, to those; see TrainRecipe::sync_bn).
/// Throws GoalMissed when a loss is not finite, Interrupted after a stop was asked for (state saved),
/// InputError when the state belongs to another network or recipe.
TrainResult train(const Training& training, data::Loader& loader, const TrainRecipe& recipe,
                  const TrainContext& context);

}  // namespace y6q::train
