#include "coco/operating.h"

#include <algorithm>
#include <vector>

namespace y6q::coco {
namespace {

struct Scored {
  double score;
  bool hit;
};

/// Detections that are hit or false positive, best score first; adds the objects to `positives`.
std::vector<Scored> judged(std::span<const CategoryMatches> matches, int64_t& positives) {
  std::vector<Scored> all;
  for (const CategoryMatches& category : matches) {
    positives += category.positives[0];
    for (size_t d = 0; d < category.score.size(); ++d) {
      const bool ignored = category.ignored[0][d] & 1, hit = category.hit[0][d] & 1;
      if (hit || !ignored) all.push_back({category.score[d], hit});
    }
  }
  std::sort(all.begin(), all.end(), [](const Scored& a, const Scored& b) { return a.score > b.score; });
  return all;
}

OperatingPoint point(double score, int64_t hits, int64_t kept, int64_t positives) {
  OperatingPoint result{
      .score = score, .hits = hits, .false_positives = kept - hits, .missed = positives - hits};
  if (positives == 0) return result;
  result.precision = kept ? static_cast<double>(hits) / static_cast<double>(kept) : 0;
  result.recall = static_cast<double>(hits) / static_cast<double>(positives);
  // 2 P R / (P + R) without its 0 / 0.
  result.f1 = 2 * static_cast<double>(hits) / static_cast<double>(kept + positives);
  return result;
}

}  // namespace

OperatingPoint best_f1(std::span<const CategoryMatches> matches) {
  int64_t positives = 0, hits = 0;
  const std::vector<Scored> all = judged(matches, positives);
  OperatingPoint best = point(0, 0, 0, positives);
  for (size_t i = 0; i < all.size(); ++i) {
    hits += all[i].hit;
    if (i + 1 < all.size() && all[i + 1].score == all[i].score)
      continue;  // a score keeps all of its detections
    const OperatingPoint here = point(all[i].score, hits, static_cast<int64_t>(i + 1), positives);
    if (here.f1 > best.f1) best = here;
  }
  return best;
}

OperatingPoint operating_point(std::span<const CategoryMatches> matches, double score) {
  int64_t positives = 0, hits = 0, kept = 0;
  for (const Scored& one : judged(matches, positives)) {
    if (one.score < score) break;
    ++kept;
    hits += one.hit;
  }
  return point(score, hits, kept, positives);
}

}  // namespace y6q::coco
