#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace y6q::image {

/// What a JPEG's markers say without decoding it (ITU-T T.81, annex B).
struct JpegOutline {
  int64_t height = 0, width = 0;  ///< 0 when no frame header was met
  int orientation = 1;            ///< of the EXIF data, 1 to 8 (turned() in jpeg.h); 1 when they do not say
  bool complete = false;          ///< the end marker was reached through well-formed segments
  size_t stopped_at = 0;          ///< byte where the walk ended
};

bool starts_as_jpeg(std::span<const std::byte> bytes);

/// Walks the segments and the coded data up to the first end marker. Needed because decoders complete an
/// image that ends early with grey and report success.
JpegOutline outline_jpeg(std::span<const std::byte> bytes);

}  // namespace y6q::image
