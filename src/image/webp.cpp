#include "image/webp.h"

#include <fmt/format.h>
#include <webp/decode.h>

#include <string_view>

#include "base/errors.h"
#include "image/decode.h"

namespace y6q::image {

bool starts_as_webp(std::span<const std::byte> bytes) {
  if (bytes.size() < 12) return false;
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), 12);
  return start.starts_with("RIFF") && start.substr(8) == "WEBP";
}

Image decode_webp(std::span<const std::byte> bytes, const std::string& name) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  int width = 0, height = 0;
  if (WebPGetInfo(data, bytes.size(), &width, &height) == 0)
    throw InputError("image: {}: not a sound WebP", name);
  check_sides(height, width, name);
  Image image(height, width);
  if (WebPDecodeBGRInto(data, bytes.size(), image.pixels.data(), image.pixels.size(), 3 * width) == nullptr)
    throw InputError("image: {}: WebP data are damaged or end early; copy the file again", name);
  return image;
}

std::string webp_version() { return fmt::format("libwebp {:x}", WebPGetDecoderVersion()); }

}  // namespace y6q::image
