#include "image/encode.h"

#include "base/errors.h"
#include "image/jpeg.h"
#include "image/png.h"

namespace y6q::image {

std::string encode(const Image& image, const std::string& extension, const EncodeOptions& options) {
  if (image.pixels.empty())
    throw InternalError("image: {} x {} pixels cannot be encoded", image.height, image.width);
  if (extension == ".png") return encode_png(image, options.png_compression);
  if (extension == ".jpg" || extension == ".jpeg") return encode_jpeg(image, options.jpeg_quality);
  throw UnsupportedError("image: cannot write '{}' files; accepted are .png, .jpg and .jpeg", extension);
}

void encode_file(const fs::path& path, const Image& image, const EncodeOptions& options) {
  write_file(path, encode(image, path.extension().string(), options));
}

}  // namespace y6q::image
