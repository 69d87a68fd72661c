#pragma once

#include "dist/tensor_sum.h"
#include "eager/torch.h"
#include "ir/ops.h"

namespace y6q::eager {

/// Batch normalisation with the statistics of all processes' images (SyncBN), and its gradient: what one
/// process with the whole batch computes. Operands as ir::BatchNorm: source [N, C, H, W] (N may be 0), gain,
/// bias, running mean, running variance, the latter two updated. A collective, forward and backward.
torch::Tensor sync_batch_norm(std::span<const torch::Tensor> operands, const ir::BatchNorm& op,
                              dist::TensorSum& sum);

}  // namespace y6q::eager
