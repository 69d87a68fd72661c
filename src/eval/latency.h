#pragma once

#include <cstdint>
#include <vector>

namespace y6q::eval {

/// Times of repeated runs, in the unit of the samples (ms everywhere in this program).
struct LatencyStats {
  int64_t count = 0;
  double min = 0, mean = 0, p50 = 0, p90 = 0, p99 = 0, max = 0;
};

/// Throws UsageError without samples.
LatencyStats latency_stats(std::vector<double> samples);

/// share in [0, 1]: 0.5 is the median. Linear between neighbours, as numpy.percentile. Same errors.
double quantile(std::vector<double> samples, double share);

}  // namespace y6q::eval
