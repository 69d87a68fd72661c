#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "image/image.h"

namespace y6q::image {

/// Decodes a WebP with libwebp; transparency is dropped. Throws InputError that begins with `name`. Private
/// to this folder, as is all of this file.
Image decode_webp(std::span<const std::byte> bytes, const std::string& name);

bool starts_as_webp(std::span<const std::byte> bytes);

/// The library and its version.
std::string webp_version();

}  // namespace y6q::image
