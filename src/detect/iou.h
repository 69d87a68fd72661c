#pragma once

#include <algorithm>

#include "detect/box.h"

namespace y6q::detect {

inline float area(const Box& box) { return (box.x2 - box.x1) * (box.y2 - box.y1); }

/// Intersection over union in [0, 1]; 0 when the boxes do not touch or both are empty. In float32, in the
/// order intersection / (area a + area b - intersection), which recorded results depend on.
inline float iou(const Box& a, const Box& b) {
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  if (!(width > 0 && height > 0)) return 0;
  const float intersection = width * height;
  return intersection / (area(a) + area(b) - intersection);
}

}  // namespace y6q::detect
