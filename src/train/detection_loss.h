#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "data/loader.h"
#include "dist/tensor_sum.h"
#include "eager/torch.h"
#include "train/batch_tensors.h"
#include "train/image_loss.h"
#include "train/pending_terms.h"
#include "train/predictions.h"

namespace y6q::train {

/// On the device of the predictions, where its numbers may still be on their way.
struct DetectionLossResult {
  torch::Tensor total;                  ///< scalar float32, differentiable by both predictions
  torch::Tensor parts;                  ///< the terms of this process (parts_of)
  torch::Tensor normaliser;             ///< scalar double: max(sum of the target scores of all processes, 1)
  std::vector<Assignment> assignments;  ///< by image; of loops alone
  PendingTerms terms() const { return PendingTerms(parts); }
};

/// How the loss is computed. Both give the same numbers.
enum class LossForm {
  automatic,  ///< loops on the CPU, where they are 2 to 16 times as fast; batched elsewhere
  loops,      ///< image_loss: plain loops, images in parallel; on the CPU
  batched,    ///< BatchedLoss: LibTorch's operators; where the predictions are
};

/// YOLOv6's loss: assignment (ATSS in the first epochs, then TAL), varifocal, IoU and distribution focal
/// terms, divided by max(sum of the target scores, 1). Value and gradients are computed in one pass over the
/// predictions; by loops the result does not depend on the number of threads. With a sum over
/// processes the divisor is that of all of their images (a collective), so that values and gradients add up
/// to those of one process.
class DetectionLoss {
 public:
  explicit DetectionLoss(const LossOptions& options, dist::TensorSum* sum = nullptr,
                         LossForm form = LossForm::automatic)
      : options_(options), sum_(sum), form_(form) {}

  /// targets: rows of the batch; levels: the maps behind `predictions`, image sides = cells * stride.
  /// Throws ShapeError when the predictions do not have the levels' anchors, InputError on labels out of
  /// range.
  DetectionLossResult operator()(const Predictions& predictions, std::span<const data::Target> targets,
                                 const std::vector<Level>& levels, int64_t epoch);

 private:
  using Truths = std::vector<std::vector<GroundTruth>>;
  const AnchorGrid& grid_of(const std::vector<Level>& levels);
  DetectionLossResult run_batched(const Predictions& predictions, const Truths& truths, bool warmup);

  LossOptions options_;
  dist::TensorSum* sum_;
  LossForm form_;
  AnchorGrid grid_;
  std::optional<AnchorTensors> anchors_;  ///< of grid_
};

}  // namespace y6q::train
