#pragma once

#include <span>

#include "data/dataset.h"

namespace y6q::data {

/// Images of two splits whose files have the same bytes.
struct SharedImages {
  int64_t count = 0;       ///< of the second split's
  fs::path first, second;  ///< an example: the second split's first one by path, and its like in the first
};

SharedImages shared_images(const Dataset& first, const Dataset& second);

/// A message for every two splits that share images: what is measured on them was trained on. A split that is
/// given twice counts once.
void warn_of_shared_images(std::span<const Dataset* const> splits, Monitor& monitor);

}  // namespace y6q::data
