#include "train/loss_iou.h"

#include <algorithm>
#include <numbers>

#include "base/errors.h"
#include "train/dual.h"

namespace y6q::train {
namespace {

constexpr double kEps = 1e-10;

/// What all metrics share; 1: prediction, 2: target.
struct Pair {
  Dual w1, h1, w2, h2;
  Dual iou, union_area;
  Dual enclosing_w, enclosing_h;
  Dual sum_x, sum_y;  // twice the distance of the centres
};

Pair measure(const Corners& predicted, const Corners& target) {
  Dual p[4];
  for (size_t i = 0; i < 4; ++i) p[i] = Dual::variable(predicted[i], i);
  const Dual t[4] = {target[0], target[1], target[2], target[3]};
  Pair pair;
  pair.w1 = p[2] - p[0];
  pair.h1 = p[3] - p[1] + kEps;
  pair.w2 = t[2] - t[0];
  pair.h2 = t[3] - t[1] + kEps;
  const Dual shared =
      at_least(min(p[2], t[2]) - max(p[0], t[0]), 0) * at_least(min(p[3], t[3]) - max(p[1], t[1]), 0);
  pair.union_area = pair.w1 * pair.h1 + pair.w2 * pair.h2 - shared + kEps;
  pair.iou = shared / pair.union_area;
  pair.enclosing_w = max(p[2], t[2]) - min(p[0], t[0]);
  pair.enclosing_h = max(p[3], t[3]) - min(p[1], t[1]);
  pair.sum_x = t[0] + t[2] - p[0] - p[2];
  pair.sum_y = t[1] + t[3] - p[1] - p[3];
  return pair;
}

Dual giou(const Pair& pair) {
  const Dual area = pair.enclosing_w * pair.enclosing_h + kEps;
  return pair.iou - (area - pair.union_area) / area;
}

Dual diou(const Pair& pair) {
  const Dual diagonal = square(pair.enclosing_w) + square(pair.enclosing_h) + kEps;
  const Dual distance = (square(pair.sum_x) + square(pair.sum_y)) / 4;
  return pair.iou - distance / diagonal;
}

Dual ciou(const Pair& pair) {
  const Dual angle = atan(pair.w2 / pair.h2) - atan(pair.w1 / pair.h1);
  const Dual aspect = square(angle) * (4 / (std::numbers::pi * std::numbers::pi));
  // For equal boxes in float32 the reference divides 0 by 0 here; in double, and floored, the factor stays
  // finite.
  const double alpha = aspect.value / std::max(aspect.value - pair.iou.value + 1 + kEps, kEps);
  return diou(pair) - aspect * alpha;
}

Dual shape_cost(const Dual& a, const Dual& b) {
  const Dual ratio = abs(a - b) / at_least(max(a, b), kEps);
  return square(square(1 - exp(0 - ratio)));
}

Dual siou(const Pair& pair) {
  const Dual x = 0.5 * pair.sum_x + kEps, y = 0.5 * pair.sum_y + kEps;
  const Dual length = sqrt(square(x) + square(y));
  const Dual sin_1 = abs(x) / length, sin_2 = abs(y) / length;
  const Dual sin_alpha = sin_1.value > std::numbers::sqrt2 / 2 ? sin_2 : sin_1;
  const Dual gamma = cos(2 * asin(sin_alpha) - std::numbers::pi / 2) - 2;
  const Dual distance = 2 - exp(gamma * square(x / at_least(pair.enclosing_w, kEps))) -
                        exp(gamma * square(y / at_least(pair.enclosing_h, kEps)));
  return pair.iou - 0.5 * (distance + shape_cost(pair.w1, pair.w2) + shape_cost(pair.h1, pair.h2));
}

}  // namespace

BoxLoss iou_loss(IouType type, const Corners& predicted, const Corners& target) {
  const Pair pair = measure(predicted, target);
  Dual metric;
  switch (type) {
    case IouType::giou:
      metric = giou(pair);
      break;
    case IouType::diou:
      metric = diou(pair);
      break;
    case IouType::ciou:
      metric = ciou(pair);
      break;
    case IouType::siou:
      metric = siou(pair);
      break;
  }
  const Dual loss = 1 - metric;
  return {loss.value, loss.slope};
}

}  // namespace y6q::train
