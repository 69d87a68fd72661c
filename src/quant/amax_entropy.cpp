#include "quant/amax_entropy.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace y6q::quant {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double x_log_x(double x) { return x > 0 ? x * std::log(x) : 0; }

/// Sums over bins [0, j): mass Σ h, filled bins Σ [h > 0], and Σ h ln h.
struct Sums {
  std::vector<double> mass, filled, h_log_h;

  explicit Sums(std::span<const double> h) {
    for (auto* sums : {&mass, &filled, &h_log_h}) sums->assign(h.size() + 1, 0);
    for (size_t j = 0; j < h.size(); ++j) {
      mass[j + 1] = mass[j] + h[j];
      filled[j + 1] = filled[j] + (h[j] > 0 ? 1 : 0);
      h_log_h[j + 1] = h_log_h[j] + x_log_x(h[j]);
    }
  }
};

/// KL(P || Q) with P = h and the tail in bin i - 1, Q = mean of h over the filled bins of a group, both
/// divided by their sums T and M. Within a group Q is constant, so Σ P ln Q needs one logarithm a group:
///   KL = (Σ P ln P - Σ P ln Q) / T - ln T + ln M.
double divergence(std::span<const double> h, const Sums& sums, size_t i, size_t levels) {
  const double all = sums.mass.back(), kept = sums.mass[i], last = h[i - 1], tail = all - kept;
  if (kept == 0 || (tail > 0 && last == 0)) return kInfinity;
  double p_log_q = 0, log_of_last_group = 0;
  size_t begin = 0;
  for (size_t group = 0; group < levels; ++group) {
    const size_t end = ((group + 1) * i + levels - 1) / levels;  // first j with j · levels / i > group
    const double mass = sums.mass[end] - sums.mass[begin], filled = sums.filled[end] - sums.filled[begin];
    begin = end;
    if (mass == 0) continue;
    log_of_last_group = std::log(mass / filled);
    p_log_q += mass * log_of_last_group;
  }
  double p_log_p = sums.h_log_h[i];
  if (tail > 0) {
    p_log_p += x_log_x(last + tail) - x_log_x(last);
    p_log_q += tail * log_of_last_group;
  }
  return (p_log_p - p_log_q) / all - std::log(all) + std::log(kept);
}

}  // namespace

float amax_by_entropy(const Histogram& histogram, int levels) {
  histogram.require_searchable(levels);
  const auto counts = histogram.counts();
  std::vector<double> h(counts.begin(), counts.end());
  h[0] = h[1];  // zeros are exact with any range and would outweigh the rest
  const Sums sums(h);
  constexpr double kTie = 1e-13;  // rounding of the sums: equal divergences must stay equal for "the last"
  double least = kInfinity;
  size_t best = h.size();
  for (auto i = static_cast<size_t>(levels); i <= h.size(); ++i) {
    const double value = divergence(h, sums, i, static_cast<size_t>(levels));
    if (value > least + kTie || value == kInfinity) continue;
    least = std::min(least, value);
    best = i;
  }
  return histogram.edge(static_cast<int64_t>(best));
}

}  // namespace y6q::quant
