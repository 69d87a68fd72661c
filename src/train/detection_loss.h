#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "data/loader.h"
#include "dist/group.h"
#include "eager/torch.h"
#include "train/image_loss.h"
#include "train/predictions.h"

namespace y6q::train {

struct DetectionLossResult {
  torch::Tensor total;  ///< scalar, differentiable by both predictions
  LossTerms terms;
  int64_t positives = 0;
  std::vector<Assignment> assignments;  ///< by image
  double target_score_sum = 0;          ///< of all processes
  double normaliser() const { return std::max(target_score_sum, 1.0); }
};

/// YOLOv6's loss: assignment (ATSS in the first epochs, then TAL), varifocal, IoU and distribution focal
/// terms, divided by max(sum of the target scores, 1). Value and gradients are computed in one pass over the
/// predictions by plain loops, images in parallel; the result does not depend on the number of threads. With
/// several processes the divisor is that of all of their images (a collective), so that values and gradients
/// add up to those of one process.
class DetectionLoss {
 public:
  explicit DetectionLoss(const LossOptions& options, dist::Group& group = dist::alone())
      : options_(options), group_(group) {}

  /// targets: rows of the batch; levels: the maps behind `predictions`, image sides = cells * stride.
  /// Throws ShapeError when the predictions do not have the levels' anchors, InputError on labels out of
  /// range.
  DetectionLossResult operator()(const Predictions& predictions, std::span<const data::Target> targets,
                                 const std::vector<Level>& levels, int64_t epoch);

 private:
  const AnchorGrid& grid_of(const std::vector<Level>& levels);

  LossOptions options_;
  dist::Group& group_;
  AnchorGrid grid_;
};

}  // namespace y6q::train
