#pragma once

#include <span>

#include "dist/group.h"
#include "eager/torch.h"
#include "ir/ops.h"

namespace y6q::eager {

struct OperatorOptions {
  bool training = false;  ///< batch statistics in batch normalisation
  bool bf16 = false;      ///< convolutions in BF16; batch normalisation takes BF16 with float32 parameters
  /// In training: statistics of batch normalisation over the images of all these processes. Null: of one's
  /// own.
  dist::Group* sync_batch_norm = nullptr;
  /// The source's memory is not read by anybody else: the result may be written over it.
  bool may_overwrite = false;
};

/// Runs one operator on its operands (float32, or BF16 for activations when bf16 is set). Activations keep
/// the memory layout they come in. Input, Parameter and FakeQuant are the plan's business and not here.
torch::Tensor run_operator(const ir::Op& op, std::span<const torch::Tensor> operands,
                           const OperatorOptions& options);

}  // namespace y6q::eager
