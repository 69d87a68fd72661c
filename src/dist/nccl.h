#pragma once

#include "dist/tensor_sum.h"

namespace y6q::dist {

/// Sums from GPU to GPU on a stream of their own, by NVIDIA's NCCL, which LibTorch's CUDA part brings along
/// and which is loaded here. The host waits for nothing: a process that is gone is noticed by the group's
/// watch, which ends the others. Nothing where two processes share a GPU, which NCCL refuses. A collective.
/// device: a GPU that eager::open_device has opened. Throws EnvironmentError when library or driver refuse.
std::unique_ptr<TensorSum> nccl_sum(Group& group, at::Device device);

}  // namespace y6q::dist
