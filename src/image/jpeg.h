#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "image/image.h"

namespace y6q::image {

/// Decodes a JPEG of grey or colour with libjpeg-turbo, straight to BGR, not turned by its EXIF orientation.
/// OpenCV 4.6 decodes with the same library to RGB, to the same values, and then swaps channels in a loop
/// that takes longer than the decoding. Nothing for what libjpeg-turbo does not turn into BGR (CMYK) or
/// refuses. Throws InputError that begins with `name` where coded data are damaged, which decoders fill with
/// what comes next and report success; bytes that belong to nothing, as cameras leave them before a marker,
/// are no damage.
std::optional<Image> decode_jpeg(std::span<const std::byte> bytes, const std::string& name);

/// The library and its version.
std::string jpeg_version();

/// Turns an image as EXIF's tag Orientation says, 1 to 8: its first row and column are at the visual top and
/// left (1), top and right (2), bottom and right (3), bottom and left (4), left and top (5), right and top
/// (6), right and bottom (7), left and bottom (8) (JEITA CP-3451, 4.6.4).
Image turned(Image image, int orientation);

}  // namespace y6q::image
