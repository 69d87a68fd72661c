#pragma once

#include <optional>
#include <vector>

#include "coco/confusion.h"
#include "coco/errors.h"
#include "coco/operating.h"

namespace y6q::coco {

struct AnalysisOptions {
  double iou = 0.5;                   ///< from here on a detection is right, in (0, 1]
  double background_iou = 0.1;        ///< below it a detection is about nothing; < iou
  std::optional<double> min_score{};  ///< absent: the score of best F1 over all classes
};

/// Where a detector goes wrong, at one IoU and, for counts, one score.
struct Analysis {
  double iou = 0.5, background_iou = 0.1;
  OperatingPoint best;                  ///< best F1 over all classes together
  OperatingPoint used;                  ///< at the score of the counts below
  std::vector<Category> classes;        ///< ascending id
  std::vector<OperatingPoint> best_of;  ///< best F1 of each class
  ConfusionMatrix confusion;            ///< detections of at least used.score
  /// [classes][kErrorKinds]; missed: by the class of the object. Detections of at least used.score.
  std::vector<std::array<int64_t, kErrorKinds>> errors;
  ErrorCosts costs;  ///< over all detections
};

/// Throws as evaluate, and UsageError for options out of range. The IoU thresholds of `coco` are not
/// used.
Analysis analyse(const GroundTruth& truth, const Detections& detections, const Options& coco,
                 const AnalysisOptions& options = {});

}  // namespace y6q::coco
