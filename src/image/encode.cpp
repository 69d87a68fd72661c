#include "image/encode.h"

#include <opencv2/imgcodecs.hpp>

#include "base/errors.h"
#include "image/opencv.h"

namespace y6q::image {

std::string encode(const Image& image, const std::string& extension, const EncodeOptions& options) {
  if (extension != ".png" && extension != ".jpg" && extension != ".jpeg") {
    throw UnsupportedError("image: cannot write '{}' files; accepted are .png, .jpg and .jpeg", extension);
  }
  std::vector<uint8_t> bytes;
  const std::vector<int> settings{cv::IMWRITE_JPEG_QUALITY, options.jpeg_quality, cv::IMWRITE_PNG_COMPRESSION,
                                  options.png_compression};
  if (image.pixels.empty() || !cv::imencode(extension, view(image), bytes, settings)) {
    throw InternalError("image: encoding {} x {} pixels as '{}' failed", image.height, image.width,
                        extension);
  }
  return {bytes.begin(), bytes.end()};
}

void encode_file(const fs::path& path, const Image& image, const EncodeOptions& options) {
  write_file(path, encode(image, path.extension().string(), options));
}

}  // namespace y6q::image
