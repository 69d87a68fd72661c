#pragma once

#include <array>
#include <span>

#include "image/image.h"

namespace y6q::image {

/// One table a channel of OpenCV's 8-bit HSV (hue 0..179).
struct HsvTables {
  std::array<uint8_t, 256> hue, saturation, value;
};

/// Converts to HSV, looks every channel up, converts back; in place.
void map_hsv(Image& image, const HsvTables& tables);

/// floor(ratio a + (1 - ratio) b) per byte (spec/02 §2.6); in double. Throws ShapeError when the sizes
/// differ.
Image blend(const Image& a, const Image& b, double ratio);

/// B, G, R interleaved -> planes R, G, B. out: 3 * height * width bytes; throws ShapeError otherwise.
void to_rgb_planes(const Image& image, std::span<uint8_t> out);

/// B, G, R interleaved -> R, G, B interleaved, rows without gaps. out: 3 * height * width bytes; throws
/// ShapeError otherwise.
void to_rgb(const ImageView& image, std::span<uint8_t> out);

/// Planes R, G, B -> B, G, R interleaved, for looking at what a network sees. planes: 3 * height * width
/// bytes.
Image from_rgb_planes(std::span<const uint8_t> planes, int64_t height, int64_t width);

}  // namespace y6q::image
