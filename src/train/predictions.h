#pragma once

#include <vector>

#include "eager/network.h"
#include "eager/torch.h"
#include "train/anchors.h"

namespace y6q::train {

/// What the head says of a batch, anchors of all levels in order, rows first (spec/01 §3.4).
struct Predictions {
  torch::Tensor logits;     ///< [B, A, class_count] float32
  torch::Tensor distances;  ///< [B, A, 4 * (reg_max + 1)] float32, stride units
};

/// The outputs cls<l> [B, class_count, H, W] and reg<l> [B, 4 * (reg_max + 1), H, W] of a network, gathered
/// level by level. Finds their positions once.
class PredictionGatherer {
 public:
  /// Throws InternalError when the network lacks an output cls0 … or reg0 … of `level_count` levels.
  PredictionGatherer(const eager::Network& network, size_t level_count = 3);
  Predictions operator()(const std::vector<torch::Tensor>& outputs) const;
  /// The level sizes behind the outputs; strides 8, 16, 32, …
  std::vector<Level> levels(const std::vector<torch::Tensor>& outputs) const;

 private:
  std::vector<size_t> classes_, boxes_;
};

/// Gathers maps that are already in level order.
Predictions gather_predictions(const std::vector<torch::Tensor>& classes,
                               const std::vector<torch::Tensor>& boxes);

}  // namespace y6q::train
