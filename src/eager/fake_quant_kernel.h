#pragma once

#include "eager/torch.h"
#include "quant/fake_quant.h"

namespace y6q::eager {

/// How quant::fake_quantize is to round a tensor.
struct Rounding {
  quant::IntegerRange range;
  int64_t axis = -1;  ///< of the ranges; -1: one range for all
  bool rectifies = false;
  at::ScalarType type = torch::kFloat32;  ///< of the result and of its gradient: the source's, or BF16
};

/// CUDA C++ of one element's rounding, for kernels that round what they make: Range(amax, low, high,
/// rectifies), rounded(x, range), passes(x, amax, low, rectifies). The lines of quant/fake_quant.cpp, with
/// its ways of rounding.
extern const char* const kRoundingOnCuda;

/// quant::fake_quantize as a kernel of a CUDA device, bit for bit. source: float32 or BF16, dense; ranges:
/// [1] or [C] float32 there. Returns a tensor of the source's layout.
torch::Tensor fake_quantize_on_cuda(const torch::Tensor& source, const torch::Tensor& ranges,
                                    const Rounding& rounding);

/// quant::fake_quantize_gradient in the same way; upstream has the result's type and the source's layout.
torch::Tensor fake_quantize_gradient_on_cuda(const torch::Tensor& source, const torch::Tensor& upstream,
                                             const torch::Tensor& ranges, const Rounding& rounding);

}  // namespace y6q::eager
