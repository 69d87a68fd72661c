#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "ir/model.h"
#include "train/loss_terms.h"

namespace y6q::train {

/// One finished epoch. Losses: weighted terms, mean over the iterations.
struct EpochRow {
  int64_t epoch = 0;  ///< from 0
  LossTerms losses{};
  double lr = 0;              ///< of the last step
  std::optional<double> map;  ///< COCO mAP in 0..1, where it was evaluated
  double images_per_s = 0;
  bool operator==(const EpochRow&) const = default;
};

/// Where a run stands.
struct Progress {
  int64_t epoch = 0;      ///< that runs next, or is under way
  int64_t batch = 0;      ///< batches of it that are done; gradients are never pending
  int64_t iteration = 0;  ///< batches since the start of training
  int64_t ema_updates = 0;
  LossTerms sums{};      ///< of the epoch's batches so far
  double best_map = -1;  ///< -1: not evaluated yet
  int64_t best_epoch = -1;
  std::vector<EpochRow> history;
};

using Arrays = std::map<std::string, ir::Array>;

/// Everything that going on needs beside the recipe and the start model; arrays by parameter name.
struct TrainState {
  Progress progress;
  Arrays weights, momentum, average, best;  ///< average: empty without EMA; best: empty before an evaluation
  std::string recipe;                       ///< its YAML text
};

/// A safetensors file of its own beside the model file (docs/reference/training-state.md). Atomic.
void write_state(const fs::path& path, const TrainState& state);

/// Throws InputError naming path and place when the file is not a complete training state.
TrainState read_state(const fs::path& path);

/// Header and one line an epoch.
std::string history_csv(const std::vector<EpochRow>& history);

}  // namespace y6q::train
