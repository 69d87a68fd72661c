#pragma once

#include <optional>

#include "eager/fake_quant_kernel.h"
#include "ir/ops.h"

namespace y6q::eager {

/// quant::fake_quantize and its gradient for tensors, on LibTorch's threads: source float32 or BF16, amax []
/// or [C] float32 along op.channel_axis, which gets no gradient. The result is of the source's type, rounded
/// once more where that is BF16; dense, in the source's memory layout where that is dense. rectifies: of
/// relu(source), in one pass. type: of the result, where it is not the source's: BF16 of float32. On CUDA
/// devices by fake_quantize_on_cuda, on others by fake_quantize_by_operators.
torch::Tensor fake_quantize(const torch::Tensor& source, const torch::Tensor& amax, const ir::FakeQuant& op,
                            bool rectifies = false, std::optional<at::ScalarType> type = {});

/// How an operator rounds; type: of the result.
Rounding rounding_of(const ir::FakeQuant& op, bool rectifies = false, at::ScalarType type = torch::kFloat32);

/// fake_quantize of a dense source on the CPU (where the type is the source's) or a CUDA device, and its
/// gradient, without autograd. ranges: [] or [C], contiguous.
torch::Tensor rounded(const torch::Tensor& source, const torch::Tensor& ranges, const Rounding& rounding);
torch::Tensor rounded_gradient(const torch::Tensor& source, const torch::Tensor& upstream,
                               const torch::Tensor& ranges, const Rounding& rounding);

}  // namespace y6q::eager
