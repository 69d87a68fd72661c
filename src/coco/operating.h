#pragma once

#include <cstdint>
#include <span>

#include "coco/match.h"

namespace y6q::coco {

/// What a detector does when detections below a score are dropped, at the first IoU threshold of the
/// matching, objects of every size.
struct OperatingPoint {
  double score = 0;                             ///< detections of at least this score are kept
  double precision = -1, recall = -1, f1 = -1;  ///< -1: not defined, there are no objects
  int64_t hits = 0, false_positives = 0, missed = 0;
};

/// The score of largest F1 over the given categories together; the higher score of equals. Only scores that
/// occur are tried. Without detections: score 0 and F1 0.
OperatingPoint best_f1(std::span<const CategoryMatches> matches);

/// The same numbers at a given score.
OperatingPoint operating_point(std::span<const CategoryMatches> matches, double score);

}  // namespace y6q::coco
