#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "image/image.h"

namespace y6q::image {

/// Decodes an uncompressed BMP with stb_image; transparency is dropped. Throws InputError that begins with
/// `name`. Private to this folder, as is all of this file.
Image decode_bmp(std::span<const std::byte> bytes, const std::string& name);

bool starts_as_bmp(std::span<const std::byte> bytes);

}  // namespace y6q::image
