#include "train/foreach.h"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>

namespace y6q::train {

void sgd_update(const ForeachGroup& group) {
  if (group.parameters.empty()) return;
  std::vector<torch::Tensor> steps = group.masks.empty() ? at::_foreach_mul(group.gradients, 1)
                                                         : at::_foreach_mul(group.gradients, group.masks);
  if (group.decay != 0) at::_foreach_add_(steps, group.parameters, group.decay);
  at::_foreach_mul_(group.velocities, group.momentum);
  at::_foreach_add_(group.velocities, steps);
  at::_foreach_add_(steps, group.velocities, group.momentum);
  at::_foreach_add_(group.parameters, steps, -group.lr);
}

void average_update(const std::vector<torch::Tensor>& averages, const std::vector<torch::Tensor>& values,
                    double decay) {
  if (!averages.empty()) at::_foreach_lerp_(averages, values, 1 - decay);
}

}  // namespace y6q::train
