#pragma once

#include "image/image.h"
#include "image/resize.h"

namespace y6q::image {

constexpr uint8_t kFill = 114;  ///< grey around letterboxed and warped images

struct LetterboxOptions {
  Size size{640, 640};
  bool scale_up = true;  ///< false: never enlarge
  bool minimal = false;  ///< true: pad only to the next multiple of stride
  int64_t stride = 32;   ///< used with minimal
  uint8_t fill = kFill;
};

/// source x = (x - left) / gain_x; gains are resized side / source side, so they may differ a little.
struct Letterboxed {
  Image image;
  double ratio = 1;  ///< the ratio asked for, before rounding to pixels
  double gain_x = 1, gain_y = 1;
  int64_t left = 0, top = 0, right = 0, bottom = 0;  ///< padding in pixels
};

/// Scales the image into `size` with its aspect kept and centres it on grey (spec/02 §2.2). Throws ShapeError
/// for an empty image or sides < 1.
Letterboxed letterbox(const ImageView& image, const LetterboxOptions& options);

/// What the evaluation makes of an image: resized to fit (by area when shrinking), then centred on grey.
/// Gains are those from the source to the result.
Letterboxed fit_and_letterbox(const ImageView& image, Size size);

}  // namespace y6q::image
