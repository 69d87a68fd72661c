#include "train/image_loss.h"

#include <vector>

#include "train/loss_dfl.h"
#include "train/loss_varifocal.h"

namespace y6q::train {
namespace {

/// Corners -> distances from the anchor's centre, both in stride units.
Corners distances_of(const Corners& box, double x, double y) {
  return {x - box[0], y - box[1], box[2] - x, box[3] - y};
}

/// The box terms of one positive anchor.
void add_box_loss(const AnchorGrid& grid, const GroundTruth& truth, const Positive& positive,
                  const ImageMaps& maps, double norm, const LossOptions& options, LossTerms& terms) {
  const int64_t anchor = positive.anchor, width = 4 * (options.reg_max + 1);
  const double stride = grid.stride(anchor), weight = positive.score / norm;
  const Corners target{truth.x1 / stride, truth.y1 / stride, truth.x2 / stride, truth.y2 / stride};
  Corners predicted;
  for (size_t i = 0; i < 4; ++i) predicted[i] = maps.boxes[anchor * 4 + static_cast<int64_t>(i)] / stride;

  const BoxLoss box = iou_loss(options.iou, predicted, target);
  const double scale = options.iou_weight * weight;
  terms.iou += scale * box.loss;
  // x1 = x - l, y1 = y - t, x2 = x + r, y2 = y + b.
  const Corners by_side{-scale * box.gradient[0], -scale * box.gradient[1], scale * box.gradient[2],
                        scale * box.gradient[3]};
  const float* distances = maps.distances + anchor * width;
  float* gradient = maps.distances_gradient + anchor * width;
  if (options.reg_max == 0) {
    for (size_t i = 0; i < 4; ++i) gradient[i] += static_cast<float>(by_side[i]);
    return;
  }
  add_expected_gradient(distances, options.reg_max, by_side, gradient);
  const double dfl_scale = options.dfl_weight * weight;
  const Corners wanted = distances_of(target, grid.x(anchor), grid.y(anchor));
  terms.dfl += dfl_scale * dfl_loss(distances, options.reg_max, wanted, dfl_scale, gradient);
}

}  // namespace

LossTerms image_loss(const AnchorGrid& grid, std::span<const GroundTruth> truths,
                     const Assignment& assignment, const ImageMaps& maps, double norm,
                     const LossOptions& options) {
  LossTerms terms;
  std::vector<ClassTarget> targets;
  for (const Positive& positive : assignment) {
    const GroundTruth& truth = truths[static_cast<size_t>(positive.truth)];
    targets.push_back({positive.anchor * options.class_count + truth.label, positive.score});
    add_box_loss(grid, truth, positive, maps, norm, options, terms);
  }
  const double scale = options.class_weight / norm;
  const auto elements = static_cast<size_t>(grid.count() * options.class_count);
  terms.classes = scale * varifocal_loss({maps.logits, elements}, targets, scale, maps.logits_gradient);
  return terms;
}

}  // namespace y6q::train
