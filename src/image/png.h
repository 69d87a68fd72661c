#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "image/image.h"

namespace y6q::image {

/// Decodes a PNG with libpng: grey values and palettes become colours, of 16 bits the upper 8 stay,
/// transparency is dropped. Throws InputError that begins with `name`. Private to this folder, as is all of
/// this file.
Image decode_png(std::span<const std::byte> bytes, const std::string& name);

bool starts_as_png(std::span<const std::byte> bytes);

/// compression: 0 (fast) to 9 (small).
std::string encode_png(const Image& image, int compression);

/// The library and its version.
std::string png_version();

}  // namespace y6q::image
