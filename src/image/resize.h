#pragma once

#include "image/image.h"

namespace y6q::image {

enum class Interpolation { kBilinear, kArea };

struct Size {
  int64_t height = 0, width = 0;
  bool operator==(const Size&) const = default;
};

/// To exactly `size`, sides >= 1. Throws ShapeError for another size or an empty image.
Image resize(const ImageView& image, Size size, Interpolation interpolation = Interpolation::kBilinear);

/// The largest size of source's aspect inside `bounds`, sides truncated to whole pixels (spec/02 §2.1). With
/// square bounds the longer side becomes theirs, enlarged or shrunk.
Size fitted_size(Size source, Size bounds);

struct FitOptions {
  bool augmenting = false;  ///< true: bilinear also when shrinking
};

/// Resizes to fitted_size: area interpolation when shrinking, bilinear otherwise; the image itself when
/// nothing changes.
Image resize_to_fit(Image image, Size bounds, const FitOptions& options = {});

}  // namespace y6q::image
