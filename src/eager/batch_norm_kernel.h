#pragma once

#include "eager/torch.h"
#include "quant/fake_quant.h"

namespace y6q::eager {

/// A batch normalisation that learns, with an activation and a quantizer behind it.
struct NormSettings {
  double momentum = 0.03, eps = 1e-3;
  bool rectifies = false;  ///< of its result max(y, 0)
  torch::Tensor amax{};    ///< where it is defined: of that fake_quantize, by this range ([1] or [])
  quant::IntegerRange range{};
};

/// Whether batch_norm_on_cuda takes the source: [N, C, H, W] float32 or BF16 on a CUDA device, channels last
/// in memory, C a multiple of 8 up to 1024.
bool fits_cuda_batch_norm(const torch::Tensor& source);

/// at::batch_norm in training (statistics of the batch; running ones move by momentum, the variance unbiased)
/// and what is behind it in two passes over memory each way instead of four to seven; LibTorch's kernels for
/// BF16 with channels last take two to four times as long (docs/reference/performance.md). Sums are added in
/// one order: every run gives the same bits. gain, shift, mean, variance: [C] float32; the latter two are
/// overwritten.
torch::Tensor batch_norm_on_cuda(const torch::Tensor& source, const torch::Tensor& gain,
                                 const torch::Tensor& shift, const torch::Tensor& mean,
                                 const torch::Tensor& variance, const NormSettings& settings);

}  // namespace y6q::eager
