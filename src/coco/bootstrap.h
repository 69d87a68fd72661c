#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/monitor.h"
#include "coco/replicate.h"

namespace y6q::coco {

struct BootstrapOptions {
  int64_t replicates = 1000;  ///< at least 1
  uint64_t seed = 0;
  double confidence = 0.95;  ///< of the intervals, in (0, 1)
  Monitor* monitor = &silent_monitor();
};

/// value: of the data as they are; low, high: quantiles of the replicates (percentile method). -1: not
/// defined.
struct Interval {
  double value = -1, low = -1, high = -1;
};

struct BootstrapResult {
  std::array<Interval, kResampledCount> stats;
  std::vector<Interval> classes;     ///< AP, ascending category id
  std::vector<double> replicate_ap;  ///< AP of each replicate
};

/// How the second file differs from the first: second - first, both on the same resampled images.
struct PairedDifference {
  Interval difference{0, 0, 0};
  /// Two-sided: twice the smaller share of replicates on either side of 0, counted with one more replicate so
  /// that it is never 0. Small: the difference is not explained by the choice of images. -1: not defined.
  double p_value = -1;
};

struct ComparisonResult {
  BootstrapResult first, second;
  std::array<PairedDifference, kResampledCount> stats;
  std::vector<PairedDifference> classes;        ///< AP
  std::vector<double> replicate_ap_difference;  ///< of each replicate
};

/// Resamples images with replacement, `replicates` times. Same seed, same result, whatever the threads.
/// Throws as evaluate, UsageError for options out of range, and Interrupted when the monitor asks to
/// stop.
BootstrapResult bootstrap(const GroundTruth& truth, const Detections& detections, const Options& coco,
                          const BootstrapOptions& options);

/// The same for two files of detections of one ground truth, on the same draws (paired).
ComparisonResult compare(const GroundTruth& truth, const std::array<const Detections*, 2>& detections,
                         const Options& coco, const BootstrapOptions& options);

}  // namespace y6q::coco
