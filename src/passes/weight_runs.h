#pragma once

#include <cstddef>

#include "ir/graph.h"

namespace y6q::passes {

/// How the elements of a weight share the ranges of its quantizer: in runs of equal length, range after
/// range, again and again.
struct WeightRuns {
  size_t length = 1;  ///< of a run
  size_t ranges = 1;

  /// axis: FakeQuant::channel_axis.
  WeightRuns(const ir::Shape& shape, int64_t axis) {
    for (auto i = static_cast<size_t>(axis + 1); i < shape.size(); ++i)
      length *= static_cast<size_t>(shape[i]);
    if (axis >= 0) ranges = static_cast<size_t>(shape.at(static_cast<size_t>(axis)));
  }

  /// Of the element at `place`.
  size_t range_of(size_t place) const { return place / length % ranges; }
};

}  // namespace y6q::passes
