#pragma once

#include <vector>

#include "eager/fake_quant_kernel.h"

namespace y6q::eager {

/// Quantizers of weights as one step of autograd, which costs a device's host less than a step for each. The
/// gradients arrive together, when backward has reached the last of them.
class WeightQuantizers {
 public:
  struct Quantizer {
    torch::Tensor weight, ranges;  ///< float32, dense, on one device; ranges: [] or [C]
    Rounding rounding;
  };

  explicit WeightQuantizers(std::vector<Quantizer> quantizers);
  /// The rounded present values, as fake_quantize gives them. This lives until backward has been.
  std::vector<torch::Tensor> make() const;

 private:
  std::vector<torch::Tensor> weights_, ranges_;
  std::vector<Rounding> roundings_;
};

}  // namespace y6q::eager
