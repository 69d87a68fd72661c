#pragma once

#include <span>

#include "dist/tensor_sum.h"
#include "eager/torch.h"
#include "ir/ops.h"

namespace y6q::eager {

struct OperatorOptions {
  bool training = false;  ///< batch statistics in batch normalisation
  /// In training: statistics of batch normalisation over the images of all these processes. Null: of one's
  /// own.
  dist::TensorSum* sync_batch_norm = nullptr;
  /// The source's memory is not read by anybody else: the result may be written over it.
  bool may_overwrite = false;
  /// Of batch normalisation: the activation behind it, too, max(y, 0).
  bool rectifies = false;
};

/// Runs one operator on its operands: parameters float32, activations float32 or BF16, which they keep, as
/// they keep the memory layout they come in. Input, Parameter and FakeQuant are the plan's business and not
/// here.
torch::Tensor run_operator(const ir::Op& op, std::span<const torch::Tensor> operands,
                           const OperatorOptions& options);

}  // namespace y6q::eager
