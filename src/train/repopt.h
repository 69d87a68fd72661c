#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "formats/scales.h"
#include "ir/model.h"

// RepOptimizer (arXiv 2205.15242, spec/03): the branches of a linear-branch network live on as constants of
// the optimizer of its single-branch twin. Updates: train/optimizer.h.
namespace y6q::train {

using formats::BlockScales;

/// What the single-branch network starts from: the freshly drawn kernel [O, I, 3, 3] becomes a * kernel, plus
/// b * kernel1x1 [O, I] at the centre, plus c on the centre's diagonal (spec/03 §4). Throws InputError when
/// the sizes do not fit.
void reinitialise(ir::Array& kernel, std::span<const float> kernel1x1, const BlockScales& scales);

/// Factor of the gradient of that kernel, shape [O, I, 3, 3]: a^2, plus b^2 at the centre, plus 1 on the
/// centre's diagonal where there is an identity branch (spec/03 §5).
ir::Array gradient_mask(const ir::Shape& kernel_shape, const BlockScales& scales);

/// The network of mode `repopt` with every block reinitialised; the 1x1 kernels are drawn U(-1/sqrt(I),
/// 1/sqrt(I)) from `seed` and block. Throws InputError with every block that differs (missing, left over, of
/// other channels).
ir::Model reinitialised(ir::Model model, const std::vector<BlockScales>& scales, uint64_t seed);

/// Masks by the name of the weight they belong to.
using GradientMasks = std::map<std::string, ir::Array>;

/// The masks of every block of a network of mode `repopt`. Errors as above.
GradientMasks gradient_masks(const ir::Model& model, const std::vector<BlockScales>& scales);

}  // namespace y6q::train
