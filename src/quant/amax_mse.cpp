#include "quant/amax_mse.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace y6q::quant {
namespace {

/// Sums over bins [0, j) of count · centre^power. Centres in units of half a bin, 2j + 1: squares stay whole
/// numbers.
struct Moments {
  std::vector<double> m0, m1, m2;

  explicit Moments(std::span<const uint64_t> counts) {
    for (auto* sums : {&m0, &m1, &m2}) sums->assign(counts.size() + 1, 0);
    for (size_t j = 0; j < counts.size(); ++j) {
      const auto count = static_cast<double>(counts[j]), centre = static_cast<double>(2 * j + 1);
      m0[j + 1] = m0[j] + count;
      m1[j + 1] = m1[j] + count * centre;
      m2[j + 1] = m2[j] + count * centre * centre;
    }
  }

  /// Σ count (centre - value)² over bins [begin, end).
  double error(size_t begin, size_t end, double value) const {
    return (m2[end] - m2[begin]) - 2 * value * (m1[end] - m1[begin]) + value * value * (m0[end] - m0[begin]);
  }
};

/// All bins rounded to the same step are one difference of sums: O(levels) for a candidate instead of
/// O(bins). A centre half way between two steps has the same error with both, so ties need no rule.
double error_of(const Moments& moments, size_t bins, size_t candidate, int levels) {
  const double step = static_cast<double>(2 * candidate + 1) / (levels - 1);
  double error = 0;
  size_t begin = 0;
  for (int code = 0; code + 1 < levels; ++code) {
    const double border = (code + 0.5) * step;  // centres 2j + 1 below it round to `code` or less
    const auto end = std::min(bins, static_cast<size_t>(std::ceil(std::max(0.0, (border - 1) / 2))));
    if (end > begin) error += moments.error(begin, end, code * step), begin = end;
  }
  return error + moments.error(begin, bins, (levels - 1) * step);
}

}  // namespace

float amax_by_mse(const Histogram& histogram, int levels) {
  histogram.require_searchable(levels);
  const auto counts = histogram.counts();
  const Moments moments(counts);
  double least = std::numeric_limits<double>::infinity();
  size_t best = 0;
  for (auto candidate = static_cast<size_t>(levels); candidate < counts.size(); ++candidate) {
    const double error = error_of(moments, counts.size(), candidate, levels);
    if (error < least) least = error, best = candidate;
  }
  return static_cast<float>((static_cast<double>(best) + 0.5) * static_cast<double>(histogram.width()));
}

}  // namespace y6q::quant
