#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "dist/group.h"

namespace y6q::dist {

/// Adds tensors over the processes of a job, wherever they lie: by the group (Gloo) on the host, or by NCCL
/// from GPU to GPU. All processes make the same calls in the same order, and get the same bits.
class TensorSum {
 public:
  virtual ~TensorSum() = default;

  /// Begins to add what the current stream makes of `values`: float32, contiguous. Nobody touches them until
  /// finish().
  virtual void start(const at::Tensor& values) = 0;
  /// What was started is the sum from here on (on the current stream).
  virtual void finish() = 0;
  /// The sum of float64 values, few, in their place.
  virtual void add(const at::Tensor& values) = 0;
};

/// For tensors on the device. By NCCL where every process has a GPU of its own, unless the group is
/// deterministic: then in the order of ranks, on the host. The group outlives it.
std::unique_ptr<TensorSum> tensor_sum(Group& group, at::Device device);

}  // namespace y6q::dist
