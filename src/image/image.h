#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace y6q::image {

/// 8-bit image, height x width x 3, interleaved B, G, R as OpenCV decodes it, rows without gaps.
struct Image {
  int64_t height = 0, width = 0;
  std::vector<uint8_t> pixels;  ///< height * width * 3

  Image() = default;
  Image(int64_t h, int64_t w, uint8_t fill = 0)
      : height(h), width(w), pixels(static_cast<size_t>(h * w * 3), fill) {}
  uint8_t* at(int64_t y, int64_t x) { return pixels.data() + (y * width + x) * 3; }
  const uint8_t* at(int64_t y, int64_t x) const { return pixels.data() + (y * width + x) * 3; }
  bool operator==(const Image&) const = default;
};

}  // namespace y6q::image
