#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ir/model.h"

namespace y6q::train {

/// RepOptimizer's constants of one block (arXiv 2205.15242, spec/03): per output channel.
struct BlockScales {
  std::string block;  ///< "backbone.stem"
  std::vector<float> conv3x3, conv1x1;
  std::vector<float> identity;  ///< empty where the block has no identity branch
  bool operator==(const BlockScales&) const = default;
};

/// The scales of every linear-branch block of a searched network, in graph order: its parameters
/// <block>.scale_conv.weight, <block>.scale_1x1.weight and, if any, <block>.scale_identity.weight.
/// Throws InputError when there are none or their lengths differ.
std::vector<BlockScales> extract_scales(const ir::Model& searched);

/// What the single-branch network starts from: the freshly drawn kernel [O, I, 3, 3] becomes a * kernel, plus
/// b * kernel1x1 [O, I] at the centre, plus c on the centre's diagonal (spec/03 §4). Throws InputError when
/// the sizes do not fit.
void reinitialise(ir::Array& kernel, std::span<const float> kernel1x1, const BlockScales& scales);

/// Factor of the gradient of that kernel, shape [O, I, 3, 3]: a^2, plus b^2 at the centre, plus 1 on the
/// centre's diagonal where there is an identity branch (spec/03 §5).
ir::Array gradient_mask(const ir::Shape& kernel_shape, const BlockScales& scales);

}  // namespace y6q::train
