#pragma once

#include "formats/scales.h"
#include "train/repopt.h"

namespace y6q::stages {

/// What gradients of a calibrated model's kernels are multiplied by, so that a step of one equals the steps
/// of the kernels that it was made of. `parent` is the float model as it was trained. A kernel k = sum of s_b
/// w_b, over branches that merging has added up, with s_b the scale of each output that folding has
/// multiplied by, moves by the sum of s_b^2 times its own gradient when each w_b moves by its own (Ding et
/// al. 2022, arXiv 2205.15242, section 3); times RepOptimizer's mask where there are scales; times the square
/// of what equalization has multiplied each slice [kh, kw] by. Branches without a kernel add nothing. Kernels
/// that this leaves at 1 are left out. Throws InputError when a kernel of the parent is not in the calibrated
/// model.
train::GradientMasks step_masks(const ir::Model& parent, const ir::Model& calibrated,
                                const std::vector<formats::BlockScales>& scales);

}  // namespace y6q::stages
