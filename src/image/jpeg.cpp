#include "image/jpeg.h"

#include <turbojpeg.h>

#include <memory>

#include "image/opencv.h"

namespace y6q::image {

std::optional<Image> decode_jpeg(std::span<const std::byte> bytes) {
  thread_local const std::unique_ptr<void, int (*)(tjhandle)> decoder(tjInitDecompress(), &tjDestroy);
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  int width = 0, height = 0, subsampling = 0, colour = 0;
  if (!decoder ||
      tjDecompressHeader3(decoder.get(), data, bytes.size(), &width, &height, &subsampling, &colour) != 0 ||
      colour == TJCS_CMYK || colour == TJCS_YCCK) {
    return std::nullopt;
  }
  Image image(height, width);
  const int failed = tjDecompress2(decoder.get(), data, bytes.size(), image.pixels.data(), width, 3 * width,
                                   height, TJPF_BGR, 0);
  // Warnings are about stray bytes, which cameras leave; an image that ends early is refused before.
  if (failed != 0 && tjGetErrorCode(decoder.get()) != TJERR_WARNING) return std::nullopt;
  return image;
}

Image turned(Image image, int orientation) {
  if (orientation < 2 || orientation > 8) return image;
  constexpr int kUpsideDown = 0, kMirrored = 1, kBoth = -1, kNone = 2;
  constexpr int kFlips[] = {kNone, kMirrored, kBoth, kUpsideDown, kNone, kMirrored, kBoth, kUpsideDown};
  cv::Mat pixels = view(image);
  if (orientation >= 5) cv::transpose(pixels.clone(), pixels);
  if (const int flip = kFlips[orientation - 1]; flip != kNone) cv::flip(pixels.clone(), pixels, flip);
  Image result(pixels.rows, pixels.cols);
  pixels.copyTo(view(result));
  return result;
}

}  // namespace y6q::image
