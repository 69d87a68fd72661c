#include "train/batched_iou.h"

#include <numbers>

namespace y6q::train {
namespace {

constexpr double kEps = 1e-10;

/// What all metrics share; 1: prediction, 2: target.
struct Pairs {
  torch::Tensor w1, h1, w2, h2;
  torch::Tensor iou, union_area;
  torch::Tensor enclosing_w, enclosing_h;
  torch::Tensor sum_x, sum_y;  // twice the distance of the centres
};

Pairs measure(const torch::Tensor& predicted, const torch::Tensor& target) {
  const auto p = predicted.unbind(-1), t = target.unbind(-1);
  Pairs pairs;
  pairs.w1 = p[2] - p[0];
  pairs.h1 = p[3] - p[1] + kEps;
  pairs.w2 = t[2] - t[0];
  pairs.h2 = t[3] - t[1] + kEps;
  // relu, not clamp: no slope at 0, boxes that touch do not attract each other (golden/loss, edge pairs).
  const torch::Tensor shared = (at::minimum(p[2], t[2]) - at::maximum(p[0], t[0])).relu() *
                               (at::minimum(p[3], t[3]) - at::maximum(p[1], t[1])).relu();
  pairs.union_area = pairs.w1 * pairs.h1 + pairs.w2 * pairs.h2 - shared + kEps;
  pairs.iou = shared / pairs.union_area;
  pairs.enclosing_w = at::maximum(p[2], t[2]) - at::minimum(p[0], t[0]);
  pairs.enclosing_h = at::maximum(p[3], t[3]) - at::minimum(p[1], t[1]);
  pairs.sum_x = t[0] + t[2] - p[0] - p[2];
  pairs.sum_y = t[1] + t[3] - p[1] - p[3];
  return pairs;
}

torch::Tensor giou(const Pairs& pairs) {
  const torch::Tensor area = pairs.enclosing_w * pairs.enclosing_h + kEps;
  return pairs.iou - (area - pairs.union_area) / area;
}

torch::Tensor diou(const Pairs& pairs) {
  const torch::Tensor diagonal = pairs.enclosing_w.square() + pairs.enclosing_h.square() + kEps;
  return pairs.iou - (pairs.sum_x.square() + pairs.sum_y.square()) / 4 / diagonal;
}

torch::Tensor ciou(const Pairs& pairs) {
  const torch::Tensor angle = (pairs.w2 / pairs.h2).atan() - (pairs.w1 / pairs.h1).atan();
  const torch::Tensor aspect = angle.square() * (4 / (std::numbers::pi * std::numbers::pi));
  const torch::Tensor known = aspect.detach();
  // Floored as in loss_iou.cpp: 0 / 0 for equal boxes otherwise.
  const torch::Tensor alpha = known / (known - pairs.iou.detach() + (1 + kEps)).clamp_min(kEps);
  return diou(pairs) - aspect * alpha;
}

torch::Tensor shape_cost(const torch::Tensor& a, const torch::Tensor& b) {
  const torch::Tensor ratio = (a - b).abs() / at::maximum(a, b).clamp_min(kEps);
  return (1 - (-ratio).exp()).square().square();
}

torch::Tensor siou(const Pairs& pairs) {
  const torch::Tensor x = pairs.sum_x * 0.5 + kEps, y = pairs.sum_y * 0.5 + kEps;
  const torch::Tensor length = (x.square() + y.square()).sqrt();
  const torch::Tensor sin_1 = x.abs() / length, sin_2 = y.abs() / length;
  const torch::Tensor sin_alpha = torch::where(sin_1 > std::numbers::sqrt2 / 2, sin_2, sin_1);
  const torch::Tensor gamma = (sin_alpha.asin() * 2 - std::numbers::pi / 2).cos() - 2;
  const torch::Tensor distance = 2 - (gamma * (x / pairs.enclosing_w.clamp_min(kEps)).square()).exp() -
                                 (gamma * (y / pairs.enclosing_h.clamp_min(kEps)).square()).exp();
  return pairs.iou - (distance + shape_cost(pairs.w1, pairs.w2) + shape_cost(pairs.h1, pairs.h2)) * 0.5;
}

torch::Tensor metric(IouType type, const Pairs& pairs) {
  switch (type) {
    case IouType::giou:
      return giou(pairs);
    case IouType::diou:
      return diou(pairs);
    case IouType::ciou:
      return ciou(pairs);
    case IouType::siou:
      return siou(pairs);
  }
  return {};
}

}  // namespace

torch::Tensor iou_losses(IouType type, const torch::Tensor& predicted, const torch::Tensor& target) {
  return 1 - metric(type, measure(predicted, target));
}

}  // namespace y6q::train
