#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "image/image.h"

namespace y6q::image {

/// Decodes a JPEG with libjpeg-turbo, not turned by its EXIF orientation. Four inks become colours as
/// ink * black / 255. Throws InputError that begins with `name` for what libjpeg-turbo refuses and where
/// coded data are damaged, which decoders fill with what comes next and report success; bytes that belong to
/// nothing, as cameras leave them before a marker, are no damage.
Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name);

/// quality: 1 to 100.
std::string encode_jpeg(const Image& image, int quality);

/// The library and its version.
std::string jpeg_version();

/// Turns an image as EXIF's tag Orientation says, 1 to 8: its first row and column are at the visual top and
/// left (1), top and right (2), bottom and right (3), bottom and left (4), left and top (5), right and top
/// (6), right and bottom (7), left and bottom (8) (JEITA CP-3451, 4.6.4).
Image turned(Image image, int orientation);

}  // namespace y6q::image
