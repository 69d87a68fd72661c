#pragma once

#include <algorithm>
#include <span>
#include <vector>

namespace y6q {

/// share in [0, 1] of ascending values, at least one: 0.5 is the median. Linear between neighbours, as
/// numpy.percentile.
inline double quantile_of_sorted(std::span<const double> sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace y6q
