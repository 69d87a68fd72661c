#pragma once

#include <vector>

#include "eager/torch.h"

namespace y6q::eager {

/// BF16 copies of float32 tensors, made by a few launches for all of them together, where a cast of each and
/// the cast of its gradient would cost a device's host as much time as a layer does. The gradients arrive
/// together, too, when backward has reached the last copy.
class Bf16Copies {
 public:
  /// sources: dense, on one device.
  explicit Bf16Copies(std::vector<torch::Tensor> sources);
  const std::vector<torch::Tensor>& sources() const { return sources_; }
  /// The copies as functions of the sources' present values, of their shapes and layouts. They live until the
  /// next call: backward comes before it.
  std::vector<torch::Tensor> make();

 private:
  std::vector<torch::Tensor> sources_, copies_;
};

}  // namespace y6q::eager
