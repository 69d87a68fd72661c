#include "train/assign_tal.h"

#include <algorithm>
#include <cmath>

namespace y6q::train {
namespace {

struct Candidate {
  double metric = 0;
  int64_t anchor = 0;
};

bool better(const Candidate& a, const Candidate& b) {
  return a.metric != b.metric ? a.metric > b.metric : a.anchor < b.anchor;
}

class Aligner {
 public:
  Aligner(const AnchorGrid& grid, const ImagePredictions& predicted, const TalOptions& options)
      : grid_(grid), predicted_(predicted), options_(options) {}

  double overlap_of(const GroundTruth& truth, int64_t anchor) const {
    return overlap(truth, predicted_.boxes + anchor * 4);
  }

  double metric(const GroundTruth& truth, int64_t anchor) const {
    const float logit = predicted_.logits[anchor * predicted_.class_count + truth.label];
    const double score = 1.0F / (1.0F + std::exp(-logit));
    const double value =
        std::pow(score, options_.score_power) * std::pow(overlap_of(truth, anchor), options_.overlap_power);
    return value > 0 ? value : 0;  // predictions that broke down must not upset the order
  }

  /// Anchors inside the object among its best candidates. Anchors outside count with metric 0: they take
  /// places that are left over, lowest index first, and are dropped afterwards.
  std::vector<int64_t> claimed(const GroundTruth& truth) {
    collect_inside(truth);
    const auto wanted = static_cast<size_t>(options_.candidates);
    const size_t kept = std::min(wanted, inside_.size());
    std::partial_sort(inside_.begin(), inside_.begin() + static_cast<std::ptrdiff_t>(kept), inside_.end(),
                      better);
    std::vector<int64_t> anchors;
    for (size_t i = 0; i < kept && inside_[i].metric > 0; ++i) anchors.push_back(inside_[i].anchor);
    const size_t aligned = anchors.size();
    size_t places = wanted - aligned;
    for (int64_t anchor = 0; places > 0 && anchor < grid_.count(); ++anchor) {
      if (std::find(anchors.begin(), anchors.begin() + static_cast<std::ptrdiff_t>(aligned), anchor) !=
          anchors.begin() + static_cast<std::ptrdiff_t>(aligned)) {
        continue;
      }
      --places;
      if (contains(truth, grid_.x_px(anchor), grid_.y_px(anchor))) anchors.push_back(anchor);
    }
    return anchors;
  }

 private:
  void collect_inside(const GroundTruth& truth) {
    inside_.clear();
    for (const Level& level : grid_.levels()) {
      const auto [left, right] = cells(truth.x1, truth.x2, level.stride, level.width);
      const auto [top, bottom] = cells(truth.y1, truth.y2, level.stride, level.height);
      for (int64_t row = top; row <= bottom; ++row) {
        for (int64_t column = left; column <= right; ++column) {
          const int64_t anchor = level.first + row * level.width + column;
          if (!contains(truth, grid_.x_px(anchor), grid_.y_px(anchor))) continue;
          inside_.push_back({metric(truth, anchor), anchor});
        }
      }
    }
  }

  /// First and last cell whose centre may lie between two coordinates.
  static std::pair<int64_t, int64_t> cells(double low, double high, int64_t stride, int64_t extent) {
    const auto size = static_cast<double>(stride), end = static_cast<double>(extent);
    return {static_cast<int64_t>(std::clamp(std::floor(low / size - 0.5), 0.0, end)),
            static_cast<int64_t>(std::clamp(std::ceil(high / size - 0.5), -1.0, end - 1))};
  }

  const AnchorGrid& grid_;
  const ImagePredictions& predicted_;
  const TalOptions& options_;
  std::vector<Candidate> inside_;
};

}  // namespace

Assignment assign_tal(const AnchorGrid& grid, std::span<const GroundTruth> truths,
                      const ImagePredictions& predicted, const TalOptions& options) {
  Aligner aligner(grid, predicted, options);
  Claims claims;
  for (size_t t = 0; t < truths.size(); ++t) {
    for (const int64_t anchor : aligner.claimed(truths[t]))
      claims.emplace_back(anchor, static_cast<int64_t>(t));
  }
  const auto resolved = resolve_conflicts(
      std::move(claims), static_cast<int64_t>(truths.size()), [&](int64_t truth, int64_t anchor) {
        return aligner.overlap_of(truths[static_cast<size_t>(truth)], anchor);
      });

  std::vector<double> best_metric(truths.size(), 0.0), best_overlap(truths.size(), 0.0);
  Assignment assignment;
  for (const auto& [anchor, truth] : resolved) {
    const auto t = static_cast<size_t>(truth);
    const double metric = aligner.metric(truths[t], anchor);
    best_metric[t] = std::max(best_metric[t], metric);
    best_overlap[t] = std::max(best_overlap[t], aligner.overlap_of(truths[t], anchor));
    assignment.push_back({anchor, truth, metric});
  }
  for (Positive& positive : assignment) {
    const auto t = static_cast<size_t>(positive.truth);
    positive.score *= best_overlap[t] / (best_metric[t] + 1e-9);
  }
  return assignment;
}

}  // namespace y6q::train
