#include "train/batched_loss.h"

#include "train/batched_iou.h"
#include "train/known_gradients.h"
#include "train/pending_terms.h"

namespace y6q::train {
namespace {

/// Columns x, y of both corners: [A, 2] -> [A, 4].
torch::Tensor twice(const torch::Tensor& centres) { return torch::cat({centres, centres}, 1); }

/// Distances l, t, r, b -> offsets of the corners from the centre, and gradients the other way: the signs of
/// x1 = x - l, y1 = y - t, x2 = x + r, y2 = y + b.
torch::Tensor with_signs(const torch::Tensor& sides) {
  return torch::cat({sides.slice(-1, 0, 2).neg(), sides.slice(-1, 2, 4)}, -1);
}

}  // namespace

BatchedLoss::BatchedLoss(const AnchorTensors& anchors, const LossOptions& options,
                         const Predictions& predictions)
    : anchors_(anchors),
      options_(options),
      predictions_(predictions),
      logits_(predictions.logits.detach()),
      distances_(predictions.distances.detach()) {
  expected_ = distances_;
  if (options.reg_max > 0) {
    const int64_t bins = options.reg_max + 1;
    distances_ = distances_.unflatten(2, {4, bins});
    bins_ = torch::arange(bins, distances_.options());
    probabilities_ = distances_.softmax(-1);
    expected_ = probabilities_.matmul(bins_);
  }
  boxes_ = (twice(anchors.centres) + with_signs(expected_)) * anchors.strides;
}

BatchedAssignment BatchedLoss::assign(const PaddedTruths& truths, bool warmup) const {
  const BatchPredictions predicted{boxes_, logits_};
  return warmup ? assign_atss(anchors_, truths, predicted) : assign_tal(anchors_, truths, predicted);
}

/// Spec/02 §6.1, as loss_varifocal.cpp: with p = sigmoid(x), s = softplus(x), v = p^2 s, background costs
/// 0.75 v, by x: 0.75 (2 v (1 - p) + p^3); an object's class costs q (q (s - x) + (1 - q) s), by x: q (p -
/// q). Logarithms are clamped at -100.
BatchedLoss::Term BatchedLoss::class_term(const PaddedTruths& truths, const BatchedAssignment& assignment,
                                          const torch::Tensor& norm) const {
  constexpr double kAlpha = 0.75, kLargestLog = 100;
  const torch::Tensor scale = (options_.class_weight / norm).to(logits_.dtype());
  const torch::Tensor p = logits_.sigmoid();
  torch::Tensor squares = p.square();
  torch::Tensor values = at::softplus(logits_).clamp_max_(kLargestLog).mul_(squares);
  // p^3 + 2 v (1 - p) = 2 v + p (p^2 - 2 v), without further tensors of this size.
  squares.sub_(values, 2);
  const torch::Tensor label = truths.labels.gather(1, assignment.truth).unsqueeze(2);  // [B, A, 1]
  const torch::Tensor positive = assignment.positive.unsqueeze(2);
  const torch::Tensor x = logits_.gather(2, label), softplus = at::softplus(x);
  const torch::Tensor q = assignment.score.unsqueeze(2).to(x.dtype());
  const torch::Tensor log_p = (softplus - x).clamp_max_(kLargestLog);
  const torch::Tensor object =
      q * (q * log_p + (1 - q) * softplus.clamp_max(kLargestLog)) - values.gather(2, label) * kAlpha;
  const torch::Tensor value = (values.sum() * kAlpha + (object * positive).sum()) * scale;

  torch::Tensor gradient = values.mul_(2).addcmul_(p, squares).mul_(scale * kAlpha);
  const torch::Tensor by_object = q * (x.sigmoid() - q) * scale;
  gradient.scatter_(2, label, torch::where(positive, by_object, gradient.gather(2, label)));
  return {value, gradient};
}

/// Spec/02 §6.2 in stride units. The gradient is by l, t, r, b: [B, A, 4].
BatchedLoss::Term BatchedLoss::iou_term(const BoxTargets& targets) const {
  // Backgrounds compare their target with itself, so that no broken prediction turns 0 into NaN.
  const torch::Tensor predicted = boxes_.to(targets.corners.dtype()) / anchors_.strides;
  const torch::AutoGradMode differentiable(true);
  const torch::Tensor corners =
      torch::where((targets.weights > 0).unsqueeze(2), predicted, targets.corners).requires_grad_();
  const torch::Tensor value =
      (iou_losses(options_.iou, corners, targets.corners) * targets.weights).sum() * options_.iou_weight;
  const torch::Tensor gradient = torch::autograd::grad({value}, {corners}).front();
  return {value.detach(), with_signs(gradient)};
}

/// Spec/02 §6.3, and the way of the other box term through the expectation. by_sides: gradient [B, A, 4] by
/// l, t, r, b. With P the probabilities of a side, m their mean and w the two weights beside the target:
/// by_sides P (i - m) + scale / 4 (P - w).
BatchedLoss::Term BatchedLoss::dfl_term(const BoxTargets& targets, const torch::Tensor& by_sides) const {
  const auto type = distances_.dtype();
  const torch::Tensor wanted = with_signs(targets.corners - twice(anchors_.centres))
                                   .clamp_(0, static_cast<double>(options_.reg_max) - 0.01)
                                   .unsqueeze(3);  // [B, A, 4, 1]
  const torch::Tensor left = wanted.floor();
  const torch::Tensor right_weight = (wanted - left).to(type), left_weight = 1 - right_weight;
  const torch::Tensor left_bin = left.to(torch::kInt64), right_bin = left_bin + 1;
  const torch::Tensor scale =
      (targets.weights * (options_.dfl_weight / 4)).to(type).unsqueeze(2).unsqueeze(3);
  // - w ln P, the weights summing to 1.
  const torch::Tensor costs = distances_.logsumexp(3, /*keepdim=*/true) -
                              left_weight * distances_.gather(3, left_bin) -
                              right_weight * distances_.gather(3, right_bin);
  torch::Tensor gradient =
      (bins_ - expected_.unsqueeze(3)).mul_(by_sides.to(type).unsqueeze(3)).add_(scale).mul_(probabilities_);
  gradient.scatter_add_(3, left_bin, -scale * left_weight).scatter_add_(3, right_bin, -scale * right_weight);
  return {(costs * scale).sum(), gradient.flatten(2)};
}

BatchedLoss::Value BatchedLoss::evaluate(const PaddedTruths& truths, const BatchedAssignment& assignment,
                                         const torch::Tensor& norm) const {
  const torch::Tensor truth = assignment.truth.unsqueeze(2).expand({-1, -1, 4});
  const BoxTargets targets{truths.boxes.gather(1, truth) / anchors_.strides, assignment.score / norm};
  const Term classes = class_term(truths, assignment, norm);
  const Term iou = iou_term(targets);
  const Term dfl = options_.reg_max > 0
                       ? dfl_term(targets, iou.gradient)
                       : Term{torch::zeros_like(iou.value), iou.gradient.to(distances_.dtype())};
  const torch::Tensor parts = parts_of(
      {{&LossTerms::classes, classes.value}, {&LossTerms::iou, iou.value}, {&LossTerms::dfl, dfl.value}});
  return {with_gradients(parts.sum().to(torch::kFloat32), predictions_, {classes.gradient, dfl.gradient}),
          parts};
}

}  // namespace y6q::train
