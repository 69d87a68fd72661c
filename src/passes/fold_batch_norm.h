#pragma once

#include "ir/model.h"

namespace y6q::passes {

/// Folds BatchNorm into the convolution before it (spec/01 §8).
///
///   src   weight [bias]      src   weight'  bias'
///     \   /                    \   /
///     conv        -->          conv
///       |                       |
///   batch_norm
///
/// Only where the convolution has no other reader and is no output, and nothing else reads its weight. Uses
/// running statistics; the result equals evaluation mode. Names of convolution and weight stay, a new bias is
/// <conv>.bias.
ir::Model fold_batch_norm(const ir::Model& model);

}  // namespace y6q::passes
