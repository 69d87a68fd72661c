#include "image/resize.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "base/errors.h"
#include "image/opencv.h"

namespace y6q::image {

Image resize(const ImageView& image, Size size, Interpolation interpolation) {
  if (image.empty() || size.height < 1 || size.width < 1) {
    throw ShapeError("image: cannot resize {} x {} to {} x {}", image.height, image.width, size.height,
                     size.width);
  }
  Image resized(size.height, size.width);
  cv::Mat target = view(resized);
  cv::resize(view(image), target, target.size(), 0, 0,
             interpolation == Interpolation::kArea ? cv::INTER_AREA : cv::INTER_LINEAR);
  return resized;
}

Size fitted_size(Size source, Size bounds) {
  const auto h = static_cast<double>(source.height), w = static_cast<double>(source.width);
  const double ratio =
      std::min(static_cast<double>(bounds.height) / h, static_cast<double>(bounds.width) / w);
  auto scaled = [ratio](double side) { return std::max<int64_t>(1, static_cast<int64_t>(side * ratio)); };
  return ratio == 1 ? source : Size{scaled(h), scaled(w)};
}

Image resize_to_fit(Image image, Size bounds, const FitOptions& options) {
  const Size source{image.height, image.width};
  const Size size = fitted_size(source, bounds);
  if (size == source) return image;
  const bool shrinks = bounds.height < source.height || bounds.width < source.width;
  return resize(image, size,
                shrinks && !options.augmenting ? Interpolation::kArea : Interpolation::kBilinear);
}

}  // namespace y6q::image
