#pragma once

#include <string>
#include <vector>

namespace y6q::report {

/// Where the values of one tensor lie, and how far its integers reach.
struct Histogram {
  std::string name;
  std::vector<double> shares{};  ///< of equal bins from 0 to the largest magnitude; each in [0, 1]
  double limit = 1;              ///< the range, as a share of the largest magnitude; drawn as a line up to 1
  std::string note{};            ///< "amax 3.2, clipped 0.01 %"
};

/// <svg> … </svg>: bars on a logarithmic scale over six decades.
std::string to_svg(const Histogram& histogram);

}  // namespace y6q::report
