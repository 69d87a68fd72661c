#pragma once

#include "ir/model.h"

namespace y6q::passes {

/// Cross-layer equalization (Nagel et al. 2019, arXiv 1906.04721, §4.1): gives each channel between two
/// convolutions the same largest weight on both sides, so that channels of one tensor need ranges of one
/// size.
///
///   src   w1  b1                    src   w1 / s  b1 / s
///     \   |   /                       \     |     /
///       conv                            conv
///        |                               |
///       relu     w2  [b2]     -->       relu     w2 · s  [b2]
///         \      |    /                   \       |      /
///            conv                             conv
///
/// s_i = √(r1_i r2_i) / r2_i with r1_i, r2_i the largest magnitudes of channel i in w1 (an output there) and
/// w2 (an input there): both become √(r1_i r2_i). The activation is homogeneous (ir::is_homogeneous), so that
/// the result computes the same up to rounding. Chains are gone through until nothing changes any more.
///
/// Left alone: pairs whose middle tensors have another reader or are outputs, other activations, grouped
/// second convolutions, quantized ones and shared weights; channels without weights on one side.
ir::Model equalize(ir::Model model);

}  // namespace y6q::passes
