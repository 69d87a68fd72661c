#include "coco/bootstrap.h"

#include <algorithm>
#include <mutex>

#include "base/errors.h"
#include "base/quantile.h"
#include "base/random.h"
#include "base/threads.h"

namespace y6q::coco {
namespace {

using Replicates = std::vector<ReplicateStats>;

void check(const BootstrapOptions& options) {
  constexpr int64_t kMost = 1000000;
  if (options.replicates < 1 || options.replicates > kMost) {
    throw UsageError("bootstrap: {} replicates; 1 to {} are accepted", options.replicates, kMost);
  }
  if (!(options.confidence > 0 && options.confidence < 1)) {
    throw UsageError("bootstrap: confidence {}; a number between 0 and 1 is accepted", options.confidence);
  }
}

/// How often each image was drawn.
std::vector<uint32_t> draw(size_t images, uint64_t seed, int64_t replicate) {
  Random random(seed, replicate);
  std::vector<uint32_t> times(images, 0);
  for (size_t i = 0; i < images; ++i)
    ++times[static_cast<size_t>(random.index(static_cast<int64_t>(images)))];
  return times;
}

/// Of each evaluator: the data as they are, then the replicates; the same draws for all.
std::vector<Replicates> resample(std::span<const ReplicateEvaluator> evaluators,
                                 const BootstrapOptions& options, int threads) {
  const size_t images = evaluators.front().image_count();
  std::vector<Replicates> all(evaluators.size(), Replicates(static_cast<size_t>(options.replicates) + 1));
  for (size_t i = 0; i < evaluators.size(); ++i)
    all[i].front() = evaluators[i].evaluate(std::vector<uint32_t>(images, 1));
  std::mutex mutex;
  int64_t done = 0;
  options.monitor->begin("bootstrap", options.replicates, "resamplings");
  parallel_for(options.replicates, threads, [&](int64_t number) {
    const auto times = draw(images, options.seed, number);
    for (size_t i = 0; i < evaluators.size(); ++i)
      all[i][static_cast<size_t>(number) + 1] = evaluators[i].evaluate(times);
    const std::lock_guard lock(mutex);
    if (options.monitor->stop_requested()) {
      throw Interrupted("bootstrap: stopped after {} of {} resamplings; start it again to begin anew", done,
                        options.replicates);
    }
    options.monitor->advance(++done, "");
  });
  options.monitor->end();
  return all;
}

/// The first value is that of the data; the others' quantiles. Undefined ones (-1) are left out.
Interval interval_of(double value, std::vector<double> replicates, double confidence) {
  if (replicates.empty()) return {value, value, value};
  std::sort(replicates.begin(), replicates.end());
  const double tail = (1 - confidence) / 2;
  return {value, quantile_of_sorted(replicates, tail), quantile_of_sorted(replicates, 1 - tail)};
}

template <typename Get>
Interval interval(const Replicates& all, const Get& get, double confidence) {
  std::vector<double> values;
  for (size_t i = 1; i < all.size(); ++i) {
    if (get(all[i]) >= 0) values.push_back(get(all[i]));
  }
  return interval_of(get(all.front()), std::move(values), confidence);
}

template <typename Get>
PairedDifference paired(const std::vector<Replicates>& both, const Get& get, double confidence) {
  const auto defined = [&](size_t i) { return get(both[0][i]) >= 0 && get(both[1][i]) >= 0; };
  if (!defined(0)) return {};
  std::vector<double> values;
  for (size_t i = 1; i < both[0].size(); ++i) {
    if (defined(i)) values.push_back(get(both[1][i]) - get(both[0][i]));
  }
  const auto not_above = std::count_if(values.begin(), values.end(), [](double v) { return v <= 0; });
  const auto not_below = std::count_if(values.begin(), values.end(), [](double v) { return v >= 0; });
  const double side = static_cast<double>(std::min(not_above, not_below) + 1);
  PairedDifference result;
  result.p_value = std::min(1.0, 2 * side / static_cast<double>(values.size() + 1));
  result.difference = interval_of(get(both[1][0]) - get(both[0][0]), std::move(values), confidence);
  return result;
}

auto stat(size_t i) {
  return [i](const ReplicateStats& replicate) { return replicate.stats[i]; };
}
auto class_ap(size_t k) {
  return [k](const ReplicateStats& replicate) { return replicate.class_ap[k]; };
}

BootstrapResult summary(const Replicates& all, double confidence) {
  BootstrapResult result;
  for (size_t i = 0; i < kResampledCount; ++i) result.stats[i] = interval(all, stat(i), confidence);
  for (size_t k = 0; k < all.front().class_ap.size(); ++k)
    result.classes.push_back(interval(all, class_ap(k), confidence));
  for (size_t i = 1; i < all.size(); ++i) result.replicate_ap.push_back(all[i].stats[0]);
  return result;
}

}  // namespace

BootstrapResult bootstrap(const GroundTruth& truth, const Detections& detections, const Options& coco,
                          const BootstrapOptions& options) {
  check(options);
  const ReplicateEvaluator evaluator{Case(truth, detections, coco)};
  return summary(resample({&evaluator, 1}, options, coco.threads).front(), options.confidence);
}

ComparisonResult compare(const GroundTruth& truth, const std::array<const Detections*, 2>& detections,
                         const Options& coco, const BootstrapOptions& options) {
  check(options);
  const std::array evaluators{ReplicateEvaluator{Case(truth, *detections[0], coco)},
                              ReplicateEvaluator{Case(truth, *detections[1], coco)}};
  const auto both = resample(evaluators, options, coco.threads);
  ComparisonResult result;
  result.first = summary(both[0], options.confidence);
  result.second = summary(both[1], options.confidence);
  for (size_t i = 0; i < kResampledCount; ++i) result.stats[i] = paired(both, stat(i), options.confidence);
  for (size_t k = 0; k < result.first.classes.size(); ++k)
    result.classes.push_back(paired(both, class_ap(k), options.confidence));
  for (size_t i = 1; i < both[0].size(); ++i)
    result.replicate_ap_difference.push_back(both[1][i].stats[0] - both[0][i].stats[0]);
  return result;
}

}  // namespace y6q::coco
