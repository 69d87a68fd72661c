#pragma once

#include <vector>

#include "eval/coco_eval.h"
#include "eval/coco_group.h"
#include "eval/coco_match.h"

namespace y6q::eval {

/// `count` equal steps from low to high, with the rounding of numpy.linspace: 0.9 is 0.8999999999999999, and
/// it decides about boxes whose IoU is 0.9.
std::vector<double> linspace(double low, double high, int count);

/// Ground truth and detections that passed every check, in the order of the matching. Keeps references to
/// what it was made of.
class CocoCase {
 public:
  /// Throws as evaluate_coco says.
  CocoCase(const CocoGroundTruth& ground_truth, const CocoDetections& found, const CocoOptions& chosen);

  MatchInput match_input() const;
  /// match_category of each category, in parallel.
  std::vector<CategoryMatches> match_all() const;

  const CocoGroundTruth& truth;
  const CocoDetections& detections;
  const CocoOptions& options;
  IdIndex images, categories;
  std::vector<double> iou_thresholds;
  Groups truth_groups, detection_groups;
};

}  // namespace y6q::eval
