#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "coco/evaluate.h"
#include "coco/group.h"

namespace y6q::coco {

inline constexpr size_t kMaxThresholds = 32;  ///< one bit each
using ThresholdBits = uint32_t;

/// The detections of one category that entered the matching, images in ascending order of id, best first in
/// each.
struct CategoryMatches {
  static constexpr uint32_t kNoObject = UINT32_MAX;
  struct ImagePositives {
    int32_t image = 0;  ///< position
    std::array<int32_t, kAreaCount> count{};
  };

  std::vector<double> score;
  std::vector<uint32_t> entry;  ///< of the detections
  std::vector<int32_t> image;   ///< position
  std::vector<int32_t> rank;    ///< position among the detections of its image and category
  /// Bit t: matched at threshold t with an object that counts / takes no part (matched with an ignored
  /// object, or unmatched and of another size). Neither: a false positive.
  std::array<std::vector<ThresholdBits>, kAreaCount> hit, ignored;
  std::vector<uint32_t> object;  ///< entry of the object taken at the first threshold, area "all"; kNoObject
  std::array<int64_t, kAreaCount> positives{};     ///< objects that count
  std::vector<ImagePositives> positives_by_image;  ///< images with objects, ascending
};

/// Intersection over union; of a crowd region over the detection's own area. 0 for empty boxes.
double coco_iou(const BoxXywh& found, const BoxXywh& object, bool crowd);

struct MatchInput {
  const GroundTruth& truth;
  const Detections& detections;
  const Groups& truth_groups;
  const Groups& detection_groups;
  std::span<const double> iou_thresholds;
  int64_t max_detections;  ///< per image and category
  const std::array<AreaRange, kAreaCount>& areas;
  bool use_ignore = false;  ///< objects flagged "ignore" do not count

  /// True for an object that is to be found, whatever its size.
  bool is_wanted(uint32_t object) const {
    return !truth.crowd[object] && !(use_ignore && truth.ignore[object]);
  }
};

/// Greedy matching of one category (position), best detection first: each takes the free object of highest
/// IoU, objects that count before ignored ones; crowd regions may be taken any number of times, and their IoU
/// is the share of the detection inside them. As pycocotools.
CategoryMatches match_category(const MatchInput& input, size_t category);

}  // namespace y6q::coco
