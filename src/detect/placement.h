#pragma once

#include <cstdint>
#include <span>

#include "detect/box.h"

namespace y6q::detect {

/// Where an image lies in its letterboxed network input: source x = (x - left) / gain_x, the padding and
/// gains really used.
struct Placement {
  int64_t source_height = 0, source_width = 0;  ///< pixels
  double gain_x = 1, gain_y = 1;
  int64_t left = 0, top = 0;
};

/// Network input pixels -> source pixels, clipped to the source image.
Box to_source(const Box& box, const Placement& placement);
void to_source(std::span<Detection> detections, const Placement& placement);

}  // namespace y6q::detect
