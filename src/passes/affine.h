#pragma once

#include <vector>

#include "ir/model.h"

namespace y6q::passes {

/// Per channel y = scale x + shift, in double.
struct Affine {
  std::vector<double> scale, shift;

  static Affine identity(int64_t channels);
  /// This one after `inner`.
  Affine after(const Affine& inner) const;
};

/// Batch normalisation on running statistics: scale = gain / sqrt(variance + eps), shift = bias - mean scale
/// (spec/01 §8). `value` is a BatchNorm node.
Affine affine_of_batch_norm(const ir::Model& model, ir::Value value);

}  // namespace y6q::passes
