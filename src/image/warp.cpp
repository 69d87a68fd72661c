#include "image/warp.h"

#include <opencv2/imgproc.hpp>

#include "base/errors.h"
#include "image/opencv.h"

namespace y6q::image {

Image warp_affine(const Image& image, const Affine& matrix, Size size, uint8_t fill) {
  if (image.pixels.empty() || size.height < 1 || size.width < 1) {
    throw ShapeError("image: cannot warp {} x {} to {} x {}", image.height, image.width, size.height,
                     size.width);
  }
  Image warped(size.height, size.width);
  cv::Mat target = view(warped);
  const cv::Matx23d transform(matrix.data());
  cv::warpAffine(view(image), target, transform, target.size(), cv::INTER_LINEAR, cv::BORDER_CONSTANT,
                 cv::Scalar::all(fill));
  return warped;
}

namespace {
Image flip(const Image& image, int code) {
  Image flipped(image.height, image.width);
  cv::Mat target = view(flipped);
  if (!image.pixels.empty()) cv::flip(view(image), target, code);
  return flipped;
}
}  // namespace

Image flip_left_right(const Image& image) { return flip(image, 1); }
Image flip_up_down(const Image& image) { return flip(image, 0); }

}  // namespace y6q::image
