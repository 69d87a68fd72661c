#pragma once

#include <cstdint>

namespace y6q::detect {

/// Corners in pixels: x right, y down, x1 <= x2, y1 <= y2; the pixel (0, 0) covers [0, 1) x [0, 1).
struct Box {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;
  bool operator==(const Box&) const = default;
};

/// One detected object. label: class id, 0-based.
struct Detection {
  Box box;
  float score = 0;  ///< in [0, 1]
  int64_t label = 0;
  bool operator==(const Detection&) const = default;
};

}  // namespace y6q::detect
