#pragma once

#include <map>
#include <string>
#include <vector>

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

/// What folding multiplies each output channel of a convolution's weight by, gain / sqrt(variance + eps), by
/// the weight's name; weights that are not folded are left out.
std::map<std::string, std::vector<double>> fold_gains(const ir::Model& model);

}  // namespace y6q::passes
