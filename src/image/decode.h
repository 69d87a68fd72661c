#pragma once

#include <span>
#include <string>

#include "base/files.h"
#include "image/image.h"

namespace y6q::image {

constexpr int64_t kMinSide = 10;       ///< spec/02 §1.3: height and width > 9
constexpr int64_t kMaxSide = 1 << 14;  ///< bounds memory: 800 MB for one image

/// File name ends in a type that data sets may hold (spec/02 §1.3), upper or lower case.
bool has_image_extension(const fs::path& path);

/// Decodes an image file to 8-bit BGR, a JPEG's or TIFF's orientation applied. Throws InputError naming the
/// file when it is no image, damaged, ends early (also a JPEG without its end marker, which decoders fill
/// with grey), or a side is outside kMinSide..kMaxSide.
Image decode_file(const fs::path& path);

/// Throws InputError unless both sides are within kMinSide..kMaxSide: before memory is taken for them.
void check_sides(int64_t height, int64_t width, const std::string& name);

/// The same from memory; `name` stands in messages.
Image decode(std::span<const std::byte> bytes, const std::string& name);

/// Differs where decode may accept other files or give another size: the number of our rules and the versions
/// of the libraries. For whoever keeps what decode found.
std::string decoder_version();

}  // namespace y6q::image
