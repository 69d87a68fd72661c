#pragma once

#include <string>

#include "base/files.h"
#include "image/image.h"

namespace y6q::image {

struct EncodeOptions {
  int jpeg_quality = 95;    ///< 1 to 100
  int png_compression = 3;  ///< 0 (fast) to 9 (small)
};

/// Writes a PNG or JPEG, by the extension of the path; complete or not at all. Throws UnsupportedError for
/// another extension, EnvironmentError when the file cannot be written.
void encode_file(const fs::path& path, const Image& image, const EncodeOptions& options = {});

/// The bytes of such a file. extension: ".png", ".jpg" or ".jpeg".
std::string encode(const Image& image, const std::string& extension, const EncodeOptions& options = {});

}  // namespace y6q::image
