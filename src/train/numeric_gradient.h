#pragma once

#include <cmath>
#include <functional>
#include <span>
#include <vector>

namespace y6q::train {

/// For tests: central differences of a scalar function of floats, in the direction of each element.
inline std::vector<double> numeric_gradient(const std::function<double(std::span<const float>)>& function,
                                            std::vector<float> at, float step = 1e-2F) {
  std::vector<double> gradient;
  for (float& element : at) {
    const float centre = element;
    element = centre + step;
    const double above = function(at), upper = element;
    element = centre - step;
    const double below = function(at), lower = element;
    element = centre;
    gradient.push_back((above - below) / (upper - lower));
  }
  return gradient;
}

}  // namespace y6q::train
