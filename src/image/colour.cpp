#include "image/colour.h"

#include <opencv2/imgproc.hpp>

#include "base/errors.h"
#include "image/opencv.h"

namespace y6q::image {

void map_hsv(Image& image, const HsvTables& tables) {
  if (image.pixels.empty()) return;
  std::array<uint8_t, 256 * 3> interleaved{};
  for (size_t i = 0; i < 256; ++i) {
    interleaved[i * 3] = tables.hue[i];
    interleaved[i * 3 + 1] = tables.saturation[i];
    interleaved[i * 3 + 2] = tables.value[i];
  }
  cv::Mat pixels = view(image), hsv;
  cv::cvtColor(pixels, hsv, cv::COLOR_BGR2HSV);
  cv::LUT(hsv, cv::Mat(1, 256, CV_8UC3, interleaved.data()), hsv);
  cv::cvtColor(hsv, pixels, cv::COLOR_HSV2BGR);
}

Image blend(const Image& a, const Image& b, double ratio) {
  if (a.height != b.height || a.width != b.width) {
    throw ShapeError("image: cannot blend {} x {} with {} x {}", a.height, a.width, b.height, b.width);
  }
  Image mixed(a.height, a.width);
  for (size_t i = 0; i < a.pixels.size(); ++i) {
    mixed.pixels[i] = static_cast<uint8_t>(a.pixels[i] * ratio + b.pixels[i] * (1 - ratio));
  }
  return mixed;
}

namespace {
void check_planes(size_t found, int64_t height, int64_t width) {
  if (found == static_cast<size_t>(height * width * 3)) return;
  throw ShapeError("image: planes of {} bytes for {} x {} pixels; {} expected", found, height, width,
                   height * width * 3);
}

std::array<cv::Mat, 3> planes_in_bgr_order(uint8_t* rgb, int64_t height, int64_t width) {
  const auto h = static_cast<int>(height), w = static_cast<int>(width);
  const int64_t area = height * width;
  return {cv::Mat(h, w, CV_8UC1, rgb + 2 * area), cv::Mat(h, w, CV_8UC1, rgb + area),
          cv::Mat(h, w, CV_8UC1, rgb)};
}
}  // namespace

void to_rgb_planes(const Image& image, std::span<uint8_t> out) {
  check_planes(out.size(), image.height, image.width);
  if (image.pixels.empty()) return;
  auto planes = planes_in_bgr_order(out.data(), image.height, image.width);
  cv::split(view(image), planes.data());
}

void to_rgb(const ImageView& image, std::span<uint8_t> out) {
  check_planes(out.size(), image.height, image.width);
  if (image.empty()) return;
  cv::Mat target(static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC3, out.data());
  cv::cvtColor(view(image), target, cv::COLOR_BGR2RGB);
}

Image from_rgb_planes(std::span<const uint8_t> planes, int64_t height, int64_t width) {
  check_planes(planes.size(), height, width);
  Image image(height, width);
  if (image.pixels.empty()) return image;
  // merge only reads its input.
  const auto inputs = planes_in_bgr_order(const_cast<uint8_t*>(planes.data()), height, width);
  cv::Mat target = view(image);
  cv::merge(inputs.data(), inputs.size(), target);
  return image;
}

}  // namespace y6q::image
