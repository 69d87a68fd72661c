#pragma once

#include "eager/torch.h"
#include "ir/ops.h"

namespace y6q::eager {

/// quant::fake_quantize and its gradient for tensors, on LibTorch's threads: source float32, amax [] or [C]
/// along op.channel_axis, which gets no gradient. The result is dense, in the source's memory layout where
/// that is dense. On other devices than the CPU: fake_quantize_by_operators.
torch::Tensor fake_quantize(const torch::Tensor& source, const torch::Tensor& amax, const ir::FakeQuant& op);

}  // namespace y6q::eager
