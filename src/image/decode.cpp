#include "image/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/errors.h"
#include "image/bmp.h"
#include "image/extension.h"
#include "image/jpeg.h"
#include "image/jpeg_markers.h"
#include "image/png.h"
#include "image/tiff.h"
#include "image/webp.h"

namespace y6q::image {
namespace {

constexpr uint64_t kMaxFileBytes = uint64_t{1} << 30;
// To be increased with every change of what this folder accepts.
constexpr int kRules = 2;

Image decode_whole_jpeg(std::span<const std::byte> bytes, const std::string& name) {
  const JpegOutline outline = outline_jpeg(bytes);
  if (outline.height > 0) check_sides(outline.height, outline.width, name);
  if (!outline.complete) {
    throw InputError("image: {}, byte {}: JPEG data ends before its end marker FF D9; copy the file again",
                     name, outline.stopped_at);
  }
  return turned(decode_jpeg(bytes, name), outline.orientation);
}

}  // namespace

void check_sides(int64_t height, int64_t width, const std::string& name) {
  if (std::min(height, width) >= kMinSide && std::max(height, width) <= kMaxSide) return;
  throw InputError("image: {}: size is {} x {} (height x width); accepted is {} to {} pixels a side", name,
                   height, width, kMinSide, kMaxSide);
}

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
  if (starts_as_jpeg(bytes)) return decode_whole_jpeg(bytes, name);
  if (starts_as_png(bytes)) return decode_png(bytes, name);
  if (starts_as_webp(bytes)) return decode_webp(bytes, name);
  if (starts_as_tiff(bytes)) return decode_tiff(bytes, name);
  if (starts_as_bmp(bytes)) return decode_bmp(bytes, name);
  throw InputError("image: {}: not an image; accepted are sound JPEG, PNG, BMP, TIFF and WebP files", name);
}

std::string decoder_version() {
  return fmt::format("rules {}, {}, {}, {}, {}", kRules, jpeg_version(), png_version(), webp_version(),
                     tiff_version());
}

}  // namespace y6q::image
