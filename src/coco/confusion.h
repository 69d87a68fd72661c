#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coco/prepare.h"

namespace y6q::coco {

/// What was called what. Rows: the true class, last the background; columns: the class found, last "missed".
/// The corner (background, missed) is 0.
struct ConfusionMatrix {
  size_t classes = 0;
  std::vector<int64_t> counts;  ///< [classes + 1, classes + 1]
  int64_t at(size_t truth, size_t found) const { return counts[truth * (classes + 1) + found]; }
};

/// Classes do not matter to the matching: detections of at least min_score, best first, each take the free
/// object of highest IoU, at least the first IoU threshold; of equal IoUs one of their own class. What is
/// left is background, unless it lies in a crowd region or on an ignored object of its class.
ConfusionMatrix confusion_matrix(const Case& prepared, std::span<const CategoryMatches> matches,
                                 double min_score);

}  // namespace y6q::coco
