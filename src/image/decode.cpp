#include "image/decode.h"

#include <algorithm>
#include <array>
#include <opencv2/core/utility.hpp>
#include <opencv2/imgcodecs.hpp>

#include "base/errors.h"
#include "image/extension.h"
#include "image/jpeg.h"
#include "image/jpeg_markers.h"
#include "image/opencv.h"

namespace y6q::image {
namespace {

constexpr uint64_t kMaxFileBytes = uint64_t{1} << 30;
// To be increased with every change of what is accepted, here, in jpeg.cpp and in jpeg_markers.cpp.
constexpr int kRules = 1;

void check_sides(int64_t height, int64_t width, const std::string& name) {
  if (std::min(height, width) >= kMinSide && std::max(height, width) <= kMaxSide) return;
  throw InputError("image: {}: size is {} x {} (height x width); accepted is {} to {} pixels a side", name,
                   height, width, kMinSide, kMaxSide);
}

uint32_t big_endian(std::span<const std::byte> bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<uint32_t>(bytes[at + i]);
  return value;
}

// The two common types state their size in a few bytes: a bomb is refused before the decoder allocates.
// Returns a JPEG's orientation.
int check_before_decoding(std::span<const std::byte> bytes, const std::string& name) {
  static constexpr std::array kPng{std::byte{0x89}, std::byte{'P'}, std::byte{'N'}, std::byte{'G'}};
  if (bytes.size() >= 24 && std::equal(kPng.begin(), kPng.end(), bytes.begin())) {
    check_sides(big_endian(bytes, 20), big_endian(bytes, 16), name);
  }
  if (!starts_as_jpeg(bytes)) return 1;
  const JpegOutline outline = outline_jpeg(bytes);
  if (outline.height > 0) check_sides(outline.height, outline.width, name);
  if (!outline.complete) {
    throw InputError("image: {}, byte {}: JPEG data ends before its end marker FF D9; copy the file again",
                     name, outline.stopped_at);
  }
  return outline.orientation;
}

}  // namespace

bool has_image_extension(const fs::path& path) {
  static constexpr std::array<std::string_view, 9> kTypes{".bmp",  ".jpg", ".jpeg", ".png", ".tif",
                                                          ".tiff", ".dng", ".webp", ".mpo"};
  return has_extension(path, kTypes);
}

Image decode_file(const fs::path& path) {
  const std::string bytes = read_file(path, kMaxFileBytes);
  return decode(std::as_bytes(std::span(bytes)), path.string());
}

Image decode(std::span<const std::byte> bytes, const std::string& name) {
  if (bytes.empty()) throw InputError("image: {}: the file is empty", name);
  const int orientation = check_before_decoding(bytes, name);
  if (starts_as_jpeg(bytes)) {
    if (auto image = decode_jpeg(bytes, name)) return turned(std::move(*image), orientation);
  }
  limit_opencv_threads();
  cv::Mat decoded;
  try {
    const cv::Mat input(1, static_cast<int>(bytes.size()), CV_8UC1,
                        const_cast<std::byte*>(bytes.data()));  // read only
    decoded = cv::imdecode(input, cv::IMREAD_COLOR);
  } catch (const cv::Exception& error) {
    throw InputError("image: {}: {}; accepted are sound JPEG, PNG, BMP, TIFF and WebP files", name,
                     error.err);
  }
  if (decoded.empty()) {
    throw InputError(
        "image: {}: not an image, or damaged; accepted are sound JPEG, PNG, BMP, TIFF and WebP files", name);
  }
  check_sides(decoded.rows, decoded.cols, name);
  Image image;
  image.height = decoded.rows;
  image.width = decoded.cols;
  const cv::Mat rows = decoded.isContinuous() ? decoded : decoded.clone();
  image.pixels.assign(rows.data, rows.data + rows.total() * 3);
  return image;
}

std::string decoder_version() {
  return fmt::format("rules {}, {}, OpenCV {}", kRules, jpeg_version(), cv::getVersionString());
}

}  // namespace y6q::image
