#pragma once

#include <optional>

#include "ir/model.h"
#include "train/repopt.h"

namespace y6q::train {

/// What learns, and with what.
struct Training {
  ir::Model start;           ///< outputs cls<l>, reg<l> and, to be taught, feat<l> of three levels
  GradientMasks masks = {};  ///< RepOptimizer
  /// A float model with the same outputs, run in evaluation mode; the recipe has the weights of distillation.
  std::optional<ir::Model> teacher = {};
};

}  // namespace y6q::train
