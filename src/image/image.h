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

/// Pixels that live elsewhere, of the same form but for gaps between rows; valid while they live.
struct ImageView {
  const uint8_t* pixels = nullptr;
  int64_t height = 0, width = 0;
  int64_t row_bytes = 0;  ///< from the start of one row to the next, >= 3 * width

  ImageView() = default;
  ImageView(const uint8_t* data, int64_t h, int64_t w, int64_t bytes)
      : pixels(data), height(h), width(w), row_bytes(bytes) {}
  // An image is its own view.
  ImageView(const Image& image)  // NOLINT(google-explicit-constructor)
      : ImageView(image.pixels.data(), image.height, image.width, image.width * 3) {}
  const uint8_t* at(int64_t y, int64_t x) const { return pixels + y * row_bytes + x * 3; }
  bool empty() const { return pixels == nullptr || height < 1 || width < 1; }
};

}  // namespace y6q::image
