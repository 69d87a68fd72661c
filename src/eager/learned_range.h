#pragma once

#include "eager/torch.h"
#include "ir/ops.h"

namespace y6q::eager {

/// `rounded` (fake_quantize of the other arguments) with a gradient for `amax` [] as well (Esser et al. 2020,
/// arXiv 1902.08153, equations 3 and §2.2): of the step s = amax / high,
///
///   d rounded / d s = round(x / s) - x / s inside the range, the first or last code beyond it,
///
/// added up and multiplied by 1 / sqrt(elements of one image * high). It is handed on as amax' in a measure
/// in which a step of plain descent changes amax by the same share as it would change s. Nothing for a range
/// of zero.
torch::Tensor with_learned_range(const torch::Tensor& rounded, const torch::Tensor& source,
                                 const torch::Tensor& amax, const ir::FakeQuant& op, bool rectifies = false);

}  // namespace y6q::eager
