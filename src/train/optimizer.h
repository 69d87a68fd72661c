#pragma once

#include <map>
#include <string>
#include <vector>

#include "eager/network.h"
#include "train/schedule.h"

namespace y6q::train {

/// SGD with Nesterov momentum over three groups: BN gains and biases without decay, weights with it (spec/02
/// §7). One fused pass a parameter (spec/03 §6): g = grad * mask + decay * p; v = mu v + g; p -= lr (g + mu
/// v). On other devices than the CPU a few operators over all parameters of a group (foreach.h).
class Sgd {
 public:
  /// Takes the parameters that learn and ask for gradients; float32, on one device.
  Sgd(const std::vector<eager::NamedTensor>& tensors, double weight_decay);

  /// RepOptimizer: the gradient of this parameter is multiplied by `mask` (same shape) before decay.
  /// Throws InternalError when there is no such parameter or the shapes differ.
  void set_gradient_mask(const std::string& name, const torch::Tensor& mask);

  /// Parameters without gradient are left alone. Gradients stay; see zero_gradients().
  void step(const StepSettings& settings);
  void zero_gradients();

  /// Momentum buffers by parameter name; the live tensors.
  std::map<std::string, torch::Tensor> state() const;

 private:
  struct Slot {
    std::string name;
    eager::Kind kind;
    torch::Tensor parameter, momentum, mask;
  };
  void step_on_device(const StepSettings& settings);

  std::vector<Slot> slots_;
  double weight_decay_;
};

}  // namespace y6q::train
