#pragma once

#include "eager/torch.h"
#include "ir/ops.h"

namespace y6q::eager {

/// quant::fake_quantize and its gradient in LibTorch's operators, for devices that our loops do not reach:
/// source float32, amax [] or [C] along op.channel_axis on the same device. Bit for bit the loops' numbers;
/// no value is looked at by the host.
torch::Tensor fake_quantize_by_operators(const torch::Tensor& source, const torch::Tensor& amax,
                                         const ir::FakeQuant& op);

/// quant::range_of_half_step for all elements of amax, float32 on any device, to the bit; infinite where that
/// throws.
torch::Tensor ranges_of_half_steps(const torch::Tensor& amax, const ir::FakeQuant& op);

}  // namespace y6q::eager
