#include "coco/replicate.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace y6q::coco {
namespace {

struct Point {
  int64_t hits;
  double precision;
};

/// Mean of the precisions at the recalls; `points` loses its own precisions to the envelope.
double average_precision(std::vector<Point>& points, int64_t positives, std::span<const double> recalls) {
  for (size_t i = points.size(); i-- > 1;)
    points[i - 1].precision = std::max(points[i - 1].precision, points[i].precision);
  double sum = 0;
  size_t at = 0;
  for (const double recall : recalls) {
    const auto reached = [&] {
      return static_cast<double>(points[at].hits) / static_cast<double>(positives);
    };
    while (at < points.size() && reached() < recall) ++at;
    if (at == points.size()) break;
    sum += points[at].precision;
  }
  return sum / static_cast<double>(recalls.size());
}

/// Mean over the categories that define the value.
class DefinedMean {
 public:
  void add(double value) {
    if (value >= 0) sum_ += value, ++count_;
  }
  double value() const { return count_ ? sum_ / static_cast<double>(count_) : -1; }

 private:
  double sum_ = 0;
  int64_t count_ = 0;
};

size_t position_of(std::span<const double> thresholds, double wanted) {
  const auto found = std::find_if(thresholds.begin(), thresholds.end(),
                                  [&](double threshold) { return std::abs(threshold - wanted) < 1e-9; });
  return static_cast<size_t>(found - thresholds.begin());
}

}  // namespace

struct ReplicateEvaluator::PartStats {
  double ap = -1, ap50 = -1, ap75 = -1, ar = -1;
};

ReplicateEvaluator::ReplicateEvaluator(const Case& prepared)
    : image_count_(prepared.images.size()),
      threshold_count_(prepared.iou_thresholds.size()),
      at_50_(position_of(prepared.iou_thresholds, 0.5)),
      at_75_(position_of(prepared.iou_thresholds, 0.75)),
      recalls_(linspace(0, 1, 101)) {
  for (const CategoryMatches& matches : prepared.match_all()) add_category(matches);
}

void ReplicateEvaluator::add_category(const CategoryMatches& matches) {
  std::vector<uint32_t> order(matches.score.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return matches.score[a] > matches.score[b]; });
  const auto used = static_cast<ThresholdBits>((uint64_t{1} << threshold_count_) - 1);
  auto& parts = categories_.emplace_back();
  for (size_t area = 0; area < kAreaCount; ++area) {
    for (const uint32_t d : order) {
      const ThresholdBits hit = matches.hit[area][d], ignored = matches.ignored[area][d] & used;
      if (ignored != used) parts[area].entries.push_back({matches.image[d], hit, ignored});
    }
    for (const auto& here : matches.positives_by_image) {
      if (here.count[area]) parts[area].objects.push_back({here.image, here.count[area]});
    }
  }
}

ReplicateEvaluator::PartStats ReplicateEvaluator::evaluate(const Part& part,
                                                           std::span<const uint32_t> times) const {
  int64_t positives = 0;
  for (const Positives& here : part.objects) positives += int64_t{times[here.image]} * here.count;
  if (positives == 0) return {};
  std::vector<std::vector<Point>> curves(threshold_count_);
  std::array<int64_t, kMaxThresholds> ignored{};
  int64_t seen = 0;
  for (const Entry& entry : part.entries) {
    const int64_t copies = times[entry.image];
    if (copies == 0) continue;
    seen += copies;
    for (ThresholdBits bits = entry.ignored; bits; bits &= bits - 1) {
      ignored[static_cast<size_t>(std::countr_zero(bits))] += copies;
    }
    for (ThresholdBits bits = entry.hit; bits; bits &= bits - 1) {
      const auto t = static_cast<size_t>(std::countr_zero(bits));
      const int64_t hits = (curves[t].empty() ? 0 : curves[t].back().hits) + copies;
      // Within a row of hits the precision only rises: its end speaks for all of them.
      curves[t].push_back({hits, static_cast<double>(hits) / static_cast<double>(seen - ignored[t])});
    }
  }
  PartStats stats{0, -1, -1, 0};
  for (size_t t = 0; t < threshold_count_; ++t) {
    const int64_t hits = curves[t].empty() ? 0 : curves[t].back().hits;
    const double ap = average_precision(curves[t], positives, recalls_);
    stats.ap += ap / static_cast<double>(threshold_count_);
    stats.ar +=
        static_cast<double>(hits) / static_cast<double>(positives) / static_cast<double>(threshold_count_);
    if (t == at_50_) stats.ap50 = ap;
    if (t == at_75_) stats.ap75 = ap;
  }
  return stats;
}

ReplicateStats ReplicateEvaluator::evaluate(std::span<const uint32_t> times) const {
  std::array<DefinedMean, kResampledCount> means;
  ReplicateStats result;
  for (const auto& parts : categories_) {
    const PartStats all = evaluate(parts[0], times);
    result.class_ap.push_back(all.ap);
    means[0].add(all.ap);
    means[1].add(all.ap50);
    means[2].add(all.ap75);
    means[6].add(all.ar);
    for (size_t area = 1; area < kAreaCount; ++area) means[2 + area].add(evaluate(parts[area], times).ap);
  }
  for (size_t i = 0; i < kResampledCount; ++i) result.stats[i] = means[i].value();
  return result;
}

}  // namespace y6q::coco
