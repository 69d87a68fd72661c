#include "image/draw.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "image/opencv.h"

namespace y6q::image {
namespace {

// Far-away corners would overflow OpenCV's fixed point.
int clamped(double value, int64_t side) {
  const auto limit = static_cast<double>(side);
  return static_cast<int>(std::lround(std::isnan(value) ? 0 : std::clamp(value, -limit, 2 * limit)));
}

cv::Scalar to_scalar(std::array<uint8_t, 3> bgr) { return {double(bgr[0]), double(bgr[1]), double(bgr[2])}; }

void draw_text(cv::Mat& canvas, const std::string& text, cv::Point corner, cv::Scalar ground) {
  const double scale = std::max(0.35, std::min(canvas.rows, canvas.cols) / 1000.0);
  const int thickness = std::max(1, static_cast<int>(std::lround(scale * 1.5)));
  int baseline = 0;
  const cv::Size extent = cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, scale, thickness, &baseline);
  const int top = corner.y >= extent.height + baseline ? corner.y - extent.height - baseline : corner.y;
  cv::rectangle(canvas, {corner.x, top}, {corner.x + extent.width, top + extent.height + baseline}, ground,
                cv::FILLED);
  const double luminance = 0.114 * ground[0] + 0.587 * ground[1] + 0.299 * ground[2];
  cv::putText(canvas, text, {corner.x, top + extent.height + baseline / 2}, cv::FONT_HERSHEY_SIMPLEX, scale,
              luminance > 140 ? cv::Scalar::all(0) : cv::Scalar::all(255), thickness, cv::LINE_AA);
}

}  // namespace

std::array<uint8_t, 3> class_colour(int64_t label) {
  // Okabe and Ito's palette, distinguishable with colour blindness; B, G, R.
  static constexpr std::array<std::array<uint8_t, 3>, 7> kPalette{{{0, 159, 230},
                                                                   {233, 180, 86},
                                                                   {115, 158, 0},
                                                                   {66, 228, 240},
                                                                   {178, 114, 0},
                                                                   {0, 94, 213},
                                                                   {167, 121, 204}}};
  return kPalette[static_cast<uint64_t>(label) % kPalette.size()];
}

void draw_captions(Image& image, std::span<const Caption> captions) {
  if (image.pixels.empty()) return;
  cv::Mat canvas = view(image);
  const int thickness = std::max(1, static_cast<int>(std::lround(double(canvas.rows + canvas.cols) / 600)));
  for (const Caption& caption : captions) {
    const cv::Point first(clamped(caption.x1, image.width), clamped(caption.y1, image.height));
    const cv::Point last(clamped(caption.x2, image.width), clamped(caption.y2, image.height));
    const cv::Scalar colour = to_scalar(class_colour(caption.colour));
    cv::rectangle(canvas, first, last, colour, thickness, cv::LINE_AA);
    if (!caption.text.empty()) {
      draw_text(canvas, caption.text, {std::max(0, first.x), std::max(0, first.y)}, colour);
    }
  }
}

}  // namespace y6q::image
