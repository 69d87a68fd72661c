#pragma once

#include "data/dataset.h"

namespace y6q::data {

/// Images of two splits whose files have the same bytes.
struct SharedImages {
  int64_t count = 0;       ///< of the second split's
  fs::path first, second;  ///< an example: the second split's first one by path, and its like in the first
};

SharedImages shared_images(const Dataset& first, const Dataset& second);

/// A warning when two splits share images: what is measured on one was learnt from the other.
void warn_of_shared_images(const Dataset& first, const Dataset& second, Monitor& monitor);

}  // namespace y6q::data
