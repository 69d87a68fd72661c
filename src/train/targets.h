#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/loader.h"

namespace y6q::train {

/// One object of an image: corners in input pixels.
struct GroundTruth {
  int64_t label = 0;
  double x1 = 0, y1 = 0, x2 = 0, y2 = 0;
};

/// What the targets of a batch refer to.
struct BatchShape {
  int64_t count = 0, height = 0, width = 0;
};

/// The objects of each image, in the order of the rows; boxes whose coordinates do not sum to more than 0 are
/// left out (spec/02 §4). Throws InputError when a row names an image outside the batch or a class that is
/// not in [0, class_count).
std::vector<std::vector<GroundTruth>> targets_by_image(std::span<const data::Target> targets,
                                                       const BatchShape& batch, int64_t class_count);

}  // namespace y6q::train
