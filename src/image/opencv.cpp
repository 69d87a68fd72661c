#include "image/opencv.h"

namespace y6q::image {

void limit_opencv_threads() {
  static const bool done = [] {
    cv::setNumThreads(1);
    return true;
  }();
  static_cast<void>(done);
}

cv::Mat view(Image& image) {
  limit_opencv_threads();
  return {static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC3, image.pixels.data()};
}

const cv::Mat view(const ImageView& image) {
  limit_opencv_threads();
  // cv::Mat has no read-only form; callers pass it as cv::InputArray.
  return {static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC3,
          const_cast<uint8_t*>(image.pixels), static_cast<size_t>(image.row_bytes)};
}

}  // namespace y6q::image
