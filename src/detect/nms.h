#pragma once

#include <cstdint>
#include <vector>

#include "detect/box.h"

namespace y6q::detect {

/// PRODUCT's default protocol.
struct NmsOptions {
  float score_threshold = 0.03F;  ///< candidates score strictly above it
  float iou_threshold = 0.65F;    ///< a box is suppressed by a better one when IoU > threshold
  int64_t max_detections = 300;   ///< per image, the best
  bool multi_label = true;        ///< a cell may yield several classes
  bool agnostic = false;          ///< true: boxes of different classes suppress each other
  int64_t max_candidates = 0;     ///< 0: no cap; else the best so many go into suppression
};

/// Greedy suppression, best first; equal scores keep their order. Boxes of different classes do not touch
/// unless agnostic (compared within a class, unshifted: exact for any image size). Returns best first, at
/// most max_detections.
std::vector<Detection> nms(std::vector<Detection> candidates, const NmsOptions& options);

}  // namespace y6q::detect
