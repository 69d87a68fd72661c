#include "train/assignment.h"

#include <algorithm>

namespace y6q::train {

double overlap(const GroundTruth& truth, const float* box) {
  const double x1 = box[0], y1 = box[1], x2 = box[2], y2 = box[3];
  const double width = std::max(std::min(truth.x2, x2) - std::max(truth.x1, x1), 0.0);
  const double height = std::max(std::min(truth.y2, y2) - std::max(truth.y1, y1), 0.0);
  const double shared = width * height;
  const double truth_area = std::max(truth.x2 - truth.x1, 0.0) * std::max(truth.y2 - truth.y1, 0.0);
  const double box_area = std::max(x2 - x1, 0.0) * std::max(y2 - y1, 0.0);
  return shared / (truth_area + box_area - shared + 1e-9);
}

bool contains(const GroundTruth& truth, double x_px, double y_px) {
  constexpr double kMargin = 1e-9;
  return x_px - truth.x1 > kMargin && y_px - truth.y1 > kMargin && truth.x2 - x_px > kMargin &&
         truth.y2 - y_px > kMargin;
}

Claims resolve_conflicts(Claims claims, int64_t truth_count,
                         const std::function<double(int64_t truth, int64_t anchor)>& overlap_of) {
  std::sort(claims.begin(), claims.end());
  Claims resolved;
  for (size_t i = 0; i < claims.size();) {
    const int64_t anchor = claims[i].first;
    size_t next = i + 1;
    while (next < claims.size() && claims[next].first == anchor) ++next;
    int64_t owner = claims[i].second;
    if (next - i > 1) {
      owner = 0;
      double best = overlap_of(0, anchor);
      for (int64_t truth = 1; truth < truth_count; ++truth) {
        const double value = overlap_of(truth, anchor);
        if (value > best) best = value, owner = truth;
      }
    }
    resolved.emplace_back(anchor, owner);
    i = next;
  }
  return resolved;
}

}  // namespace y6q::train
