#pragma once

#include <array>
#include <span>
#include <string>

#include "image/image.h"

namespace y6q::image {

/// A box to draw: corners in pixels (parts outside the image are not drawn), text above its upper left
/// corner.
struct Caption {
  double x1 = 0, y1 = 0, x2 = 0, y2 = 0;
  std::string text;    ///< e.g. "cat 0.93"; empty: box alone
  int64_t colour = 0;  ///< class id: picks a colour of a fixed palette
};

/// Line width and letters scale with the image. In place.
void draw_captions(Image& image, std::span<const Caption> captions);

/// B, G, R of a class, readable on light and dark ground.
std::array<uint8_t, 3> class_colour(int64_t label);

}  // namespace y6q::image
