#include "image/letterbox.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/errors.h"

namespace y6q::image {
namespace {

// Half to even, as the recorded sizes are.
int64_t round_even(double value) { return static_cast<int64_t>(std::nearbyint(value)); }

}  // namespace

Letterboxed letterbox(const ImageView& image, const LetterboxOptions& options) {
  if (image.empty() || options.size.height < 1 || options.size.width < 1 || options.stride < 1) {
    throw ShapeError("image: cannot letterbox {} x {} into {} x {}", image.height, image.width,
                     options.size.height, options.size.width);
  }
  const auto h = static_cast<double>(image.height), w = static_cast<double>(image.width);
  Letterboxed boxed;
  boxed.ratio =
      std::min(static_cast<double>(options.size.height) / h, static_cast<double>(options.size.width) / w);
  if (!options.scale_up) boxed.ratio = std::min(boxed.ratio, 1.0);
  const Size inner{std::max<int64_t>(1, round_even(h * boxed.ratio)),
                   std::max<int64_t>(1, round_even(w * boxed.ratio))};
  int64_t pad_y = options.size.height - inner.height, pad_x = options.size.width - inner.width;
  if (options.minimal) pad_y %= options.stride, pad_x %= options.stride;
  boxed.top = round_even(static_cast<double>(pad_y) / 2 - 0.1);
  boxed.bottom = pad_y - boxed.top;
  boxed.left = round_even(static_cast<double>(pad_x) / 2 - 0.1);
  boxed.right = pad_x - boxed.left;
  boxed.gain_x = static_cast<double>(inner.width) / w;
  boxed.gain_y = static_cast<double>(inner.height) / h;

  const bool resized = inner != Size{image.height, image.width};
  const Image scaled = resized ? resize(image, inner) : Image{};
  const ImageView content = resized ? ImageView(scaled) : image;
  boxed.image = Image(inner.height + pad_y, inner.width + pad_x, options.fill);
  for (int64_t y = 0; y < inner.height; ++y) {
    std::memcpy(boxed.image.at(y + boxed.top, boxed.left), content.at(y, 0),
                static_cast<size_t>(inner.width * 3));
  }
  return boxed;
}

Letterboxed fit_and_letterbox(const ImageView& image, Size size) {
  const Size source{image.height, image.width};
  if (image.empty() || size.height < 1 || size.width < 1 || fitted_size(source, size) == source) {
    return letterbox(image, {.size = size, .scale_up = false});
  }
  const bool shrinks = size.height < source.height || size.width < source.width;
  const Image fitted =
      resize(image, fitted_size(source, size), shrinks ? Interpolation::kArea : Interpolation::kBilinear);
  Letterboxed boxed = letterbox(fitted, {.size = size, .scale_up = false});
  boxed.gain_x *= static_cast<double>(fitted.width) / static_cast<double>(source.width);
  boxed.gain_y *= static_cast<double>(fitted.height) / static_cast<double>(source.height);
  return boxed;
}

}  // namespace y6q::image
