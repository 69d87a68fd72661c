#pragma once

#include <vector>

#include "eager/torch.h"

namespace y6q::train {

// The element-wise passes of a training step (fused.h) in LibTorch's operators for lists, for devices that
// our loops do not reach: a few launches for all tensors together. Same formulas, equal to a rounding or two.

/// Parameters of one group: with one rate and one decay.
struct ForeachGroup {
  std::vector<torch::Tensor> parameters, velocities, gradients;
  std::vector<torch::Tensor> masks;  ///< empty, or one for each parameter
  double lr = 0, momentum = 0, decay = 0;
};

/// g = grad * mask + decay * p; v = momentum * v + g; p -= lr * (g + momentum * v).
void sgd_update(const ForeachGroup& group);

/// average += (1 - decay) * (value - average).
void average_update(const std::vector<torch::Tensor>& averages, const std::vector<torch::Tensor>& values,
                    double decay);

}  // namespace y6q::train
