#pragma once

#include <span>
#include <vector>

#include "image/resize.h"

namespace y6q::data {

struct RectangularOptions {
  int64_t image_size = 640, batch_size = 32, stride = 32;
  double pad = 0.5;  ///< in strides
};

struct RectangularPlan {
  std::vector<int64_t>
      order;  ///< image positions by aspect width / height, ascending; equals keep their order
  std::vector<image::Size> shapes;  ///< of each batch, multiples of stride
};

/// Batches of similar aspect, padded least (spec/02 §2.9). sizes: of the source images.
RectangularPlan plan_rectangular(std::span<const image::Size> sizes, const RectangularOptions& options);

}  // namespace y6q::data
