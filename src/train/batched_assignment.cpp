#include "train/batched_assignment.h"

#include <algorithm>

namespace y6q::train {
namespace {

/// Corners of boxes [..., 4].
struct CornerTensors {
  torch::Tensor x1, y1, x2, y2;
  explicit CornerTensors(const torch::Tensor& boxes)
      : x1(boxes.select(-1, 0)), y1(boxes.select(-1, 1)), x2(boxes.select(-1, 2)), y2(boxes.select(-1, 3)) {}
  torch::Tensor area() const { return (x2 - x1).clamp_min_(0).mul_((y2 - y1).clamp_min_(0)); }
};

struct Areas {
  torch::Tensor shared, sum;
};

Areas areas(const torch::Tensor& boxes_a, const torch::Tensor& boxes_b) {
  const CornerTensors a(boxes_a), b(boxes_b);
  const torch::Tensor width = at::minimum(a.x2, b.x2).sub_(at::maximum(a.x1, b.x1)).clamp_min_(0),
                      height = at::minimum(a.y2, b.y2).sub_(at::maximum(a.y1, b.y1)).clamp_min_(0);
  return {width * height, a.area() + b.area()};
}

/// The anchors in input pixels, in the floating type of an assignment.
struct AnchorPoints {
  torch::Tensor strides, centres;  // [A, 1], [A, 2]
  AnchorPoints(const AnchorTensors& anchors, caffe2::TypeMeta type)
      : strides(anchors.strides.to(type)), centres(anchors.centres.to(type) * strides) {}
};

/// IoU with squares of 5 strides around the anchors: [B, n, A]; union floored at 1e-6 (spec/02 §3, §5.1).
torch::Tensor square_overlaps(const torch::Tensor& truths, const AnchorPoints& points) {
  const torch::Tensor half = points.strides * 2.5;
  const torch::Tensor squares = torch::cat({points.centres - half, points.centres + half}, 1);
  const auto [shared, sum] = areas(truths.unsqueeze(2), squares);
  return shared / (sum - shared).clamp_min_(1e-6);
}

/// Which anchors' centres lie inside which truths (spec/02 §5): truths [B, n, 4] -> [B, n, A] bool.
torch::Tensor contains(const torch::Tensor& truths, const AnchorPoints& points) {
  constexpr double kMargin = 1e-9;
  const CornerTensors box(truths.unsqueeze(2));
  const torch::Tensor x = points.centres.select(1, 0), y = points.centres.select(1, 1);
  return at::minimum(at::minimum(x - box.x1, box.x2 - x), at::minimum(y - box.y1, box.y2 - y)) > kMargin;
}

/// Values [B, A], 0 for background whatever they were there.
torch::Tensor of_positives(const torch::Tensor& values, const BatchedAssignment& assignment) {
  return values.masked_fill(~assignment.positive, 0);
}

/// Values [B, n, A] of each anchor's own truth: [B, A], 0 for background.
torch::Tensor of_owner(const torch::Tensor& values, const BatchedAssignment& assignment) {
  return of_positives(values.gather(1, assignment.truth.unsqueeze(1)).squeeze(1), assignment);
}

/// The greatest of the anchors' values [B, A] >= 0 of each truth: [B, n].
torch::Tensor best_of_truth(const torch::Tensor& values, const BatchedAssignment& assignment, int64_t count) {
  return torch::zeros({values.size(0), count}, values.options())
      .scatter_reduce(1, assignment.truth, values, "amax");
}

/// The cells of one level that are nearest to each centre: anchors [B, n, min(wanted, cells)].
torch::Tensor nearest_cells(const Level& level, const torch::Tensor& centres_px, int64_t wanted) {
  // A window of so many cells either way holds them: `wanted` cells of the nearest row are closer than any
  // cell to the left or right of it, and so for columns.
  const int64_t reach = (wanted + 1) / 2;
  const auto stride = static_cast<double>(level.stride);
  const auto window = [&](int64_t axis, int64_t extent) {  // [B, n, span] cell numbers
    const int64_t span = std::min(2 * reach + 1, extent);
    const torch::Tensor cell = (centres_px.select(-1, axis) / stride).floor().to(torch::kInt64);
    return (cell - reach).clamp_(0, extent - span).unsqueeze(-1) + torch::arange(span, cell.options());
  };
  const torch::Tensor columns = window(0, level.width), rows = window(1, level.height);
  const auto squared = [&](int64_t axis, const torch::Tensor& cells) {
    const torch::Tensor offset =
        (cells.to(centres_px.dtype()) + 0.5) * stride - centres_px.select(-1, axis).unsqueeze(-1);
    return offset * offset;
  };
  const torch::Tensor distances =
      (squared(0, columns).unsqueeze(-2) + squared(1, rows).unsqueeze(-1)).flatten(-2);
  const torch::Tensor cells =
      ((rows * level.width + level.first).unsqueeze(-1) + columns.unsqueeze(-2)).flatten(-2);
  // Stable: of equal distances the lowest index comes first.
  const torch::Tensor order = std::get<1>(distances.sort(/*stable=*/true, -1, /*descending=*/false));
  return cells.gather(-1, order.slice(-1, 0, std::min(wanted, cells.size(-1))));
}

/// Mean + unbiased standard deviation over the last axis, kept.
torch::Tensor threshold_of(const torch::Tensor& values) {
  const int64_t count = values.size(-1);
  torch::Tensor mean = values.mean(-1, /*keepdim=*/true);
  if (count < 2) return mean;
  return mean + ((values - mean).square().sum(-1, /*keepdim=*/true) / (count - 1)).sqrt();
}

/// score^alpha * IoU^beta of every truth and anchor: [B, n, A].
torch::Tensor alignment(const PaddedTruths& truths, const torch::Tensor& logits,
                        const torch::Tensor& overlaps, const TalOptions& options) {
  const torch::Tensor labels = truths.labels.unsqueeze(2).expand(overlaps.sizes());
  const torch::Tensor scores = logits.transpose(1, 2).gather(1, labels).sigmoid_().to(overlaps.dtype());
  const torch::Tensor metrics = scores.pow(options.score_power) * overlaps.pow(options.overlap_power);
  // Predictions that broke down (NaN) must not upset the order.
  return metrics.masked_fill_(~(metrics > 0), 0);
}

/// `assign` (part of the truths, part of the predictions) for so many images at a time that tensors of all
/// (truth, anchor) pairs stay below 128 MB in double, of which about ten are alive at once.
template <typename Assign>
BatchedAssignment in_parts(const PaddedTruths& truths, const BatchPredictions& predicted,
                           const Assign& assign) {
  constexpr int64_t kPairs = int64_t{1} << 24;
  const int64_t images = truths.boxes.size(0);
  const int64_t at_once = std::max(kPairs / (truths.boxes.size(1) * predicted.boxes.size(1)), int64_t{1});
  if (images <= at_once) return assign(truths, predicted);
  std::vector<torch::Tensor> positive, truth, score;
  for (int64_t first = 0; first < images; first += at_once) {
    const auto part = [&](const torch::Tensor& whole) {
      return whole.slice(0, first, std::min(first + at_once, images));
    };
    const BatchedAssignment assignment =
        assign(PaddedTruths{part(truths.boxes), part(truths.labels), part(truths.real)},
               BatchPredictions{part(predicted.boxes), part(predicted.logits)});
    positive.push_back(assignment.positive);
    truth.push_back(assignment.truth);
    score.push_back(assignment.score);
  }
  return {torch::cat(positive), torch::cat(truth), torch::cat(score)};
}

}  // namespace

torch::Tensor overlaps(const torch::Tensor& a, const torch::Tensor& b) {
  const auto [shared, sum] = areas(a, b);
  return shared / (sum - shared).add_(1e-9);
}

BatchedAssignment resolve_claims(const torch::Tensor& anchors, const torch::Tensor& claimed,
                                 const torch::Tensor& overlaps) {
  const torch::Tensor flat = anchors.flatten(1), claims = claimed.flatten(1).to(torch::kInt64);
  const torch::Tensor truth =
      torch::arange(anchors.size(1), anchors.options()).unsqueeze(1).expand(anchors.sizes()).flatten(1);
  const torch::Tensor none = torch::zeros({anchors.size(0), overlaps.size(2)}, anchors.options());
  const torch::Tensor wanted = none.scatter_add(1, flat, claims);
  const torch::Tensor claimer = none.scatter_reduce(1, flat, truth * claims, "amax");
  return {wanted > 0, torch::where(wanted > 1, overlaps.argmax(1), claimer), {}};
}

BatchedAssignment assign_atss(const AnchorTensors& anchors, const PaddedTruths& truths,
                              const BatchPredictions& predicted, const AtssOptions& options) {
  const auto type = truths.boxes.dtype();
  const AnchorPoints points(anchors, type);
  const auto assign = [&](const PaddedTruths& part, const BatchPredictions& said) -> BatchedAssignment {
    const torch::Tensor middles = (part.boxes.slice(2, 0, 2) + part.boxes.slice(2, 2, 4)) / 2;
    std::vector<torch::Tensor> nearest;
    for (const Level& level : anchors.levels) {
      nearest.push_back(nearest_cells(level, middles, options.candidates_per_level));
    }
    const torch::Tensor candidates = torch::cat(nearest, 2);
    const torch::Tensor squares = square_overlaps(part.boxes, points);
    const torch::Tensor found = squares.gather(2, candidates);
    const torch::Tensor inside = contains(part.boxes, points).gather(2, candidates);
    const torch::Tensor claimed = (found > threshold_of(found)) & inside & part.real.unsqueeze(2);
    BatchedAssignment assignment = resolve_claims(candidates, claimed, squares);
    const torch::Tensor boxes = part.boxes.gather(1, assignment.truth.unsqueeze(2).expand({-1, -1, 4}));
    assignment.score = of_positives(overlaps(boxes, said.boxes.to(type)), assignment);
    return assignment;
  };
  return in_parts(truths, predicted, assign);
}

BatchedAssignment assign_tal(const AnchorTensors& anchors, const PaddedTruths& truths,
                             const BatchPredictions& predicted, const TalOptions& options) {
  const auto type = truths.boxes.dtype();
  const AnchorPoints points(anchors, type);
  // Distinct negative numbers, falling with the index, for anchors that do not count.
  const torch::Tensor last_places = -1 - torch::arange(anchors.count(), points.centres.options());
  const int64_t wanted = std::min(options.candidates, anchors.count());
  const auto assign = [&](const PaddedTruths& part, const BatchPredictions& said) -> BatchedAssignment {
    const torch::Tensor found = overlaps(part.boxes.unsqueeze(2), said.boxes.to(type).unsqueeze(1));
    const torch::Tensor metrics = alignment(part, said.logits, found, options);
    const torch::Tensor inside = contains(part.boxes, points);
    const torch::Tensor ranks = torch::where(inside & (metrics > 0), metrics, last_places);
    const torch::Tensor candidates = std::get<1>(ranks.topk(wanted));
    const torch::Tensor claimed = inside.gather(2, candidates) & part.real.unsqueeze(2);
    BatchedAssignment assignment = resolve_claims(candidates, claimed, found);
    const torch::Tensor metric = of_owner(metrics, assignment), overlap = of_owner(found, assignment);
    const int64_t count = part.boxes.size(1);
    const torch::Tensor scale =
        best_of_truth(overlap, assignment, count) / (best_of_truth(metric, assignment, count) + 1e-9);
    assignment.score = metric * scale.gather(1, assignment.truth);
    return assignment;
  };
  return in_parts(truths, predicted, assign);
}

std::vector<Assignment> to_assignments(const BatchedAssignment& batched) {
  const auto host = [](const torch::Tensor& tensor) { return tensor.cpu().contiguous(); };
  const torch::Tensor positive = host(batched.positive), truth = host(batched.truth),
                      score = host(batched.score.to(torch::kFloat64));
  std::vector<Assignment> images(static_cast<size_t>(positive.size(0)));
  int64_t row = 0;
  for (Assignment& image : images) {
    for (int64_t anchor = 0; anchor < positive.size(1); ++anchor, ++row) {
      if (!positive.const_data_ptr<bool>()[row]) continue;
      image.push_back({anchor, truth.const_data_ptr<int64_t>()[row], score.const_data_ptr<double>()[row]});
    }
  }
  return images;
}

}  // namespace y6q::train
