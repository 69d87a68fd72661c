#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "eval/coco_dataset.h"
#include "eval/coco_group.h"

namespace y6q::eval {

inline constexpr size_t kAreaCount = 4;  ///< all, small, medium, large
struct AreaRange {
  double low, high;  ///< square pixels, both ends inside
  bool contains(double area) const { return area >= low && area <= high; }
};
inline constexpr std::array<AreaRange, kAreaCount> kAreaRanges{
    {{0, 1e10}, {0, 32.0 * 32.0}, {32.0 * 32.0, 96.0 * 96.0}, {96.0 * 96.0, 1e10}}};

inline constexpr size_t kMaxThresholds = 32;  ///< one bit each
using ThresholdBits = uint32_t;

/// The detections of one category that entered the matching, images in ascending order of id, best first in
/// each.
struct CategoryMatches {
  std::vector<double> score;
  std::vector<int32_t> rank;  ///< position among the detections of its image and category
  /// Bit t: matched at threshold t with an object that counts / takes no part (matched with an ignored
  /// object, or unmatched and of another size). Neither: a false positive.
  std::array<std::vector<ThresholdBits>, kAreaCount> hit, ignored;
  std::array<int64_t, kAreaCount> positives{};  ///< objects that count
};

struct MatchInput {
  const CocoGroundTruth& truth;
  const CocoDetections& detections;
  const Groups& truth_groups;
  const Groups& detection_groups;
  std::span<const double> iou_thresholds;
  int64_t max_detections;  ///< per image and category
};

/// Greedy matching of one category (position), best detection first: each takes the free object of highest
/// IoU, objects that count before ignored ones; crowd regions may be taken any number of times, and their IoU
/// is the share of the detection inside them. As pycocotools.
CategoryMatches match_category(const MatchInput& input, size_t category);

}  // namespace y6q::eval
