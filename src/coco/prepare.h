#pragma once

#include <vector>

#include "coco/evaluate.h"
#include "coco/group.h"
#include "coco/match.h"

namespace y6q::coco {

/// `count` equal steps from low to high, with the rounding of numpy.linspace: 0.9 is 0.8999999999999999, and
/// it decides about boxes whose IoU is 0.9.
std::vector<double> linspace(double low, double high, int count);

/// Ground truth and detections that passed every check, in the order of the matching. Keeps references to
/// what it was made of.
class Case {
 public:
  /// Throws as evaluate says.
  Case(const GroundTruth& ground_truth, const Detections& found, const Options& chosen);

  MatchInput match_input() const;
  /// match_category of each category, in parallel.
  std::vector<CategoryMatches> match_all() const;

  const GroundTruth& truth;
  const Detections& detections;
  const Options& options;
  IdIndex images, categories;
  std::vector<double> iou_thresholds;
  Groups truth_groups, detection_groups;
};

}  // namespace y6q::coco
