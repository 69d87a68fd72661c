#pragma once

#include <cstdint>
#include <vector>

#include "image/image.h"

namespace y6q::data {

/// One object in pixels of its image: corners, x1 <= x2, y1 <= y2.
struct PixelLabel {
  int64_t label = 0;
  double x1 = 0, y1 = 0, x2 = 0, y2 = 0;
  bool operator==(const PixelLabel&) const = default;
};

/// What augmentations take and return.
struct Sample {
  image::Image image;
  std::vector<PixelLabel> labels;
};

}  // namespace y6q::data
