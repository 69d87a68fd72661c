#pragma once

#include <array>

#include "image/letterbox.h"

namespace y6q::image {

/// x' = m[0] x + m[1] y + m[2], y' = m[3] x + m[4] y + m[5]; from source to result pixels (corner coordinates
/// of pixel centres, as OpenCV).
using Affine = std::array<double, 6>;

/// Bilinear; what lies outside the source is `fill`. Throws ShapeError for an empty image or a side < 1.
Image warp_affine(const Image& image, const Affine& matrix, Size size, uint8_t fill = kFill);

Image flip_left_right(const Image& image);
Image flip_up_down(const Image& image);

}  // namespace y6q::image
