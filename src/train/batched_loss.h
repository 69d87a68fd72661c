#pragma once

#include "train/batched_assignment.h"
#include "train/image_loss.h"
#include "train/predictions.h"

namespace y6q::train {

/// The loss of spec/02 §5, §6 of one batch in LibTorch's operators, on the device of the predictions: the
/// same numbers as image_loss. As in the assigners shapes depend on shapes alone and nothing waits for the
/// device; backgrounds are not left out but weigh 0.
///
/// Value and gradients are made together, in closed form where tensors are large (classes, distributions),
/// by LibTorch's differentiation where the four metrics' formulas are long and their tensors small ([B, A,
/// 4]). Differentiating all of it keeps several tensors of [B, A, class_count] until the backward pass and
/// takes as many more passes over them (docs/reference/performance.md).
class BatchedLoss {
 public:
  /// The predictions' shapes are those of the anchors and options.
  BatchedLoss(const AnchorTensors& anchors, const LossOptions& options, const Predictions& predictions);

  /// Decoded predictions: [B, A, 4] xyxy in input pixels.
  const torch::Tensor& boxes() const { return boxes_; }

  /// By ATSS during warm-up, else by TAL.
  BatchedAssignment assign(const PaddedTruths& truths, bool warmup) const;

  struct Value {
    torch::Tensor total;  ///< scalar float32, differentiable by both predictions
    torch::Tensor parts;  ///< the weighted terms (parts_of)
  };
  /// norm: scalar > 0 on the device that everything is divided by.
  Value evaluate(const PaddedTruths& truths, const BatchedAssignment& assignment,
                 const torch::Tensor& norm) const;

 private:
  /// What the boxes of the anchors are compared with.
  struct BoxTargets {
    torch::Tensor corners;  ///< [B, A, 4] xyxy in stride units
    torch::Tensor weights;  ///< [B, A] score / norm, 0 for background
  };
  struct Term {
    torch::Tensor value, gradient;
  };
  Term class_term(const PaddedTruths& truths, const BatchedAssignment& assignment,
                  const torch::Tensor& norm) const;
  Term iou_term(const BoxTargets& targets) const;
  Term dfl_term(const BoxTargets& targets, const torch::Tensor& by_sides) const;

  const AnchorTensors& anchors_;
  const LossOptions& options_;
  Predictions predictions_;
  torch::Tensor logits_;         ///< [B, A, class_count], no gradient recorded
  torch::Tensor distances_;      ///< [B, A, 4] or [B, A, 4, reg_max + 1]
  torch::Tensor bins_;           ///< [reg_max + 1] 0, 1, …
  torch::Tensor probabilities_;  ///< of the bins, as distances_; undefined without
  torch::Tensor expected_;       ///< [B, A, 4] l, t, r, b in stride units
  torch::Tensor boxes_;
};

}  // namespace y6q::train
