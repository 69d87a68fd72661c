#include "image/bmp.h"

#include <cstdlib>
#include <memory>

#include "base/errors.h"
#include "image/decode.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#include <stb/stb_image.h>

namespace y6q::image {
namespace {

int64_t little_endian(std::span<const std::byte> bytes, size_t at, size_t count) {
  uint32_t value = 0;
  for (size_t i = count; i-- > 0;) value = value << 8 | std::to_integer<uint32_t>(bytes[at + i]);
  return static_cast<int32_t>(value);
}

/// Throws unless all pixels are there: stb_image takes zeros for those that are not.
void check_complete(std::span<const std::byte> bytes, const std::string& name) {
  constexpr size_t kHeaders = 54;
  constexpr int64_t kInfoHeader = 40, kUncompressed = 0, kBitFields = 3;
  if (bytes.size() < kHeaders) throw InputError("image: {}: BMP data end in their header", name);
  if (const int64_t size = little_endian(bytes, 14, 4); size < kInfoHeader)
    throw InputError("image: {}: BMP with a header of {} bytes; accepted are {} (Windows 3) and more", name,
                     size, kInfoHeader);
  const int64_t first = little_endian(bytes, 10, 4), width = little_endian(bytes, 18, 4),
                height = std::abs(little_endian(bytes, 22, 4)), bits = little_endian(bytes, 28, 2),
                compression = little_endian(bytes, 30, 4);
  check_sides(height, width, name);
  if (compression != kUncompressed && compression != kBitFields)
    throw InputError("image: {}: BMP of compression {}; accepted are uncompressed ones", name, compression);
  const int64_t row = (width * bits + 31) / 32 * 4;
  if (first + row * height > static_cast<int64_t>(bytes.size()))
    throw InputError("image: {}: BMP data end early, at byte {} of {}; copy the file again", name,
                     bytes.size(), first + row * height);
}

}  // namespace

bool starts_as_bmp(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{'B'} && bytes[1] == std::byte{'M'};
}

Image decode_bmp(std::span<const std::byte> bytes, const std::string& name) {
  check_complete(bytes, name);
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, decltype(&std::free)> pixels(
      stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(bytes.data()), static_cast<int>(bytes.size()),
                            &width, &height, &channels, 3),
      &std::free);
  if (pixels == nullptr) throw InputError("image: {}: not a sound BMP ({})", name, stbi_failure_reason());
  Image image(height, width);
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    image.pixels[i] = pixels.get()[i + 2];
    image.pixels[i + 1] = pixels.get()[i + 1];
    image.pixels[i + 2] = pixels.get()[i];
  }
  return image;
}

}  // namespace y6q::image
