#pragma once

#include "eager/torch.h"
#include "ir/ops.h"

namespace y6q::eager {

/// Fake quantization of spec/04 §1.1 and §1.2: source float32, amax [] or [C] along op.channel_axis.
/// Gradient: that of the result where the source lies inside the range, else 0; none for amax.
/// A channel whose amax is 0 passes unchanged.
torch::Tensor fake_quantize(const torch::Tensor& source, const torch::Tensor& amax, const ir::FakeQuant& op);

}  // namespace y6q::eager
