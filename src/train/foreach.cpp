#include "train/foreach.h"

#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_fused_sgd.h>

namespace y6q::train {

void sgd_update(const ForeachGroup& group) {
  if (group.parameters.empty()) return;
  constexpr double kDampening = 0;
  constexpr bool kNesterov = true, kMaximize = false, kFirstStep = false;
  at::_fused_sgd_(group.parameters,
                  group.masks.empty() ? group.gradients : at::_foreach_mul(group.gradients, group.masks),
                  group.velocities, group.decay, group.momentum, group.lr, kDampening, kNesterov, kMaximize,
                  kFirstStep);
}

void average_update(const std::vector<torch::Tensor>& averages, const std::vector<torch::Tensor>& values,
                    double decay) {
  if (!averages.empty()) at::_foreach_lerp_(averages, values, 1 - decay);
}

}  // namespace y6q::train
