#include "coco/accumulate.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

namespace y6q::coco {
namespace {

/// The hits of one threshold, best score first. False positives matter only through the precision at the
/// hits: recall rises nowhere else, and precision is highest there.
struct Curve {
  std::vector<double> precision, score;
  int64_t ignored = 0;
};

/// One pass over the detections for all thresholds.
void trace(const CategoryMatches& matches, std::span<const uint32_t> order, size_t area,
           std::span<Curve> curves) {
  // numpy.spacing(1): pycocotools adds it to keep 0 / 0 away; it lowers the precision of a first hit by one
  // bit.
  constexpr double kSpacing = std::numeric_limits<double>::epsilon();
  const auto used = static_cast<ThresholdBits>((uint64_t{1} << curves.size()) - 1);
  for (Curve& curve : curves) curve = {};
  int64_t seen = 0;
  for (const uint32_t d : order) {
    ++seen;
    for (ThresholdBits bits = matches.ignored[area][d] & used; bits; bits &= bits - 1) {
      ++curves[static_cast<size_t>(std::countr_zero(bits))].ignored;
    }
    for (ThresholdBits bits = matches.hit[area][d]; bits; bits &= bits - 1) {
      Curve& curve = curves[static_cast<size_t>(std::countr_zero(bits))];
      const auto hits = static_cast<double>(curve.precision.size() + 1);
      curve.precision.push_back(hits / (static_cast<double>(seen - curve.ignored) + kSpacing));
      curve.score.push_back(matches.score[d]);
    }
  }
}

/// Positions in result.precision and result.recall.
struct Cell {
  size_t category, area, limit;
  const Result& result;

  size_t recall_at(size_t threshold) const {
    return ((threshold * result.classes.size() + category) * kAreaCount + area) * result.max_dets.size() +
           limit;
  }
  size_t precision_at(size_t threshold, size_t recall) const {
    const size_t row = threshold * result.recall_thresholds.size() + recall;
    return ((row * result.classes.size() + category) * kAreaCount + area) * result.max_dets.size() + limit;
  }
};

/// best_score: of the best detection, ignored or not; 0 when there is none.
void store(Curve& curve, const Cell& cell, size_t threshold, int64_t positives, double best_score,
           Result& result) {
  const size_t hits = curve.precision.size();
  for (size_t i = hits; i-- > 1;)
    curve.precision[i - 1] = std::max(curve.precision[i - 1], curve.precision[i]);
  result.recall[cell.recall_at(threshold)] = static_cast<double>(hits) / static_cast<double>(positives);
  size_t hit = 0;
  for (size_t r = 0; r < result.recall_thresholds.size(); ++r) {
    // Lower bound, as in pycocotools: a recall equal to the threshold counts as reached.
    while (hit < hits &&
           static_cast<double>(hit + 1) / static_cast<double>(positives) < result.recall_thresholds[r]) {
      ++hit;
    }
    const bool reached = hit < hits;
    const size_t at = cell.precision_at(threshold, r);
    result.precision[at] = reached ? curve.precision[hit] : 0;
    result.scores[at] = reached ? curve.score[hit] : 0;
    // Recall 0 is reached by the first detection, whatever it is.
    if (result.recall_thresholds[r] <= 0) result.scores[at] = best_score;
  }
}

/// Mean of the defined values (> -1), -1 without any.
class Mean {
 public:
  void add(double value) {
    if (value > -1) sum_ += value, ++count_;
  }
  double value() const { return count_ ? static_cast<double>(sum_ / static_cast<long double>(count_)) : -1; }

 private:
  long double sum_ = 0;
  int64_t count_ = 0;
};

struct Slice {
  std::optional<size_t> threshold{}, category{};  ///< absent: all
  size_t area = 0, limit = 0;
};

template <typename Each>
void for_each_cell(const Result& result, const Slice& slice, const Each& each) {
  for (size_t t = 0; t < result.iou_thresholds.size(); ++t) {
    if (slice.threshold && *slice.threshold != t) continue;
    for (size_t k = 0; k < result.classes.size(); ++k) {
      if (slice.category && *slice.category != k) continue;
      each(t, Cell{k, slice.area, slice.limit, result});
    }
  }
}

double average_precision(const Result& result, const Slice& slice) {
  Mean mean;
  for_each_cell(result, slice, [&](size_t t, const Cell& cell) {
    for (size_t r = 0; r < result.recall_thresholds.size(); ++r)
      mean.add(result.precision[cell.precision_at(t, r)]);
  });
  return mean.value();
}

double average_recall(const Result& result, const Slice& slice) {
  Mean mean;
  for_each_cell(result, slice,
                [&](size_t t, const Cell& cell) { mean.add(result.recall[cell.recall_at(t)]); });
  return mean.value();
}

std::optional<size_t> find_threshold(const Result& result, double wanted) {
  for (size_t t = 0; t < result.iou_thresholds.size(); ++t) {
    if (std::abs(result.iou_thresholds[t] - wanted) < 1e-9) return t;
  }
  return std::nullopt;
}

}  // namespace

void accumulate_category(const CategoryMatches& matches, size_t category, Result& result) {
  std::vector<uint32_t> by_score(matches.score.size()), order;
  std::iota(by_score.begin(), by_score.end(), 0U);
  std::stable_sort(by_score.begin(), by_score.end(),
                   [&](uint32_t a, uint32_t b) { return matches.score[a] > matches.score[b]; });
  std::vector<Curve> curves(result.iou_thresholds.size());
  for (size_t m = 0; m < result.max_dets.size(); ++m) {
    order.clear();
    std::copy_if(by_score.begin(), by_score.end(), std::back_inserter(order),
                 [&](uint32_t d) { return matches.rank[d] < result.max_dets[m]; });
    const double best = order.empty() ? 0 : matches.score[order.front()];
    for (size_t area = 0; area < kAreaCount; ++area) {
      if (matches.positives[area] == 0) continue;
      trace(matches, order, area, curves);
      for (size_t t = 0; t < curves.size(); ++t) {
        store(curves[t], {category, area, m, result}, t, matches.positives[area], best, result);
      }
    }
  }
}

void summarize(Result& result) {
  const size_t last = result.max_dets.size() - 1;
  const auto ap_at = [&](double wanted, std::optional<size_t> category) {
    const auto threshold = find_threshold(result, wanted);
    return threshold ? average_precision(result, {threshold, category, 0, last}) : -1.0;
  };
  result.stats.fill(-1);
  result.stats[0] = average_precision(result, {.limit = last});
  result.stats[1] = ap_at(0.5, {});
  result.stats[2] = ap_at(0.75, {});
  for (size_t area = 1; area < kAreaCount; ++area) {
    result.stats[2 + area] = average_precision(result, {.area = area, .limit = last});
    result.stats[8 + area] = average_recall(result, {.area = area, .limit = last});
  }
  for (size_t m = 0; m < std::min<size_t>(3, result.max_dets.size()); ++m) {
    result.stats[6 + m] = average_recall(result, {.limit = m});
  }
  for (size_t k = 0; k < result.classes.size(); ++k) {
    ClassResult& of_class = result.classes[k];
    of_class.ap = average_precision(result, {.category = k, .limit = last});
    for (size_t area = 0; area < kAreaCount; ++area)
      of_class.ap_by_area[area] = average_precision(result, {.category = k, .area = area, .limit = last});
    of_class.ap50 = ap_at(0.5, k);
    of_class.ap75 = ap_at(0.75, k);
    of_class.ar = average_recall(result, {.category = k, .limit = last});
  }
}

}  // namespace y6q::coco
