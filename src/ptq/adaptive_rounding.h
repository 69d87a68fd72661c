#pragma once

#include "eager/torch.h"
#include "ir/ops.h"

namespace y6q::ptq {

/// Weights of a convolution on the grid of their quantizer, chosen so that its outputs change least, where
/// rounding each to the nearest changes the weights least (Nagel et al. 2020, arXiv 2004.10568, §3). An
/// output's weights change by d, its squared error is d' C d with the covariance C of the inputs: beginning
/// with the nearest numbers, the step that lowers it most is taken until none does (Nair and Suggala 2024,
/// arXiv 2406.17542, algorithm 1).
///
/// weight [O, K] and amax [O], float32; inputs [S, K]: what the convolution sees, rounded as its source is, S
/// pixels of all images. The mean of the inputs counts nothing: the shift that it makes is the bias's
/// (passes::correct_biases). Returns [O, K] float32, which the quantizer maps to themselves; no output's
/// error over `inputs` is larger than with the nearest numbers. The largest weight of each output keeps its
/// code, and with it the range.
torch::Tensor rounded_adaptively(const torch::Tensor& weight, const torch::Tensor& amax,
                                 const torch::Tensor& inputs, const ir::FakeQuant& quantizer);

}  // namespace y6q::ptq
