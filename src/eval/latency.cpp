#include "eval/latency.h"

#include <algorithm>
#include <numeric>

#include "base/errors.h"
#include "base/quantile.h"

namespace y6q::eval {
namespace {

void sort_samples(std::vector<double>& samples) {
  if (samples.empty()) throw UsageError("latency: no runs were measured; at least one is needed");
  std::sort(samples.begin(), samples.end());
}

}  // namespace

double quantile(std::vector<double> samples, double share) {
  sort_samples(samples);
  return quantile_of_sorted(samples, std::clamp(share, 0.0, 1.0));
}

LatencyStats latency_stats(std::vector<double> samples) {
  sort_samples(samples);
  LatencyStats stats;
  stats.count = std::ssize(samples);
  stats.min = samples.front();
  stats.max = samples.back();
  stats.mean = std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(samples.size());
  stats.p50 = quantile_of_sorted(samples, 0.5);
  stats.p90 = quantile_of_sorted(samples, 0.9);
  stats.p99 = quantile_of_sorted(samples, 0.99);
  return stats;
}

}  // namespace y6q::eval
