#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "image/image.h"

namespace y6q::image {

/// Decodes the first picture of a TIFF (or what is one inside, as DNG) with libtiff to 8 bits a colour,
/// turned by its tag Orientation; transparency is dropped. Throws InputError that begins with `name`. Private
/// to this folder, as is all of this file.
Image decode_tiff(std::span<const std::byte> bytes, const std::string& name);

bool starts_as_tiff(std::span<const std::byte> bytes);

/// The library and its version.
std::string tiff_version();

}  // namespace y6q::image
