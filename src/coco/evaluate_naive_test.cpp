// Random cases against a second, slow implementation that follows the definition step by step.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/random.h"
#include "coco/evaluate.h"

namespace y6q::coco {
namespace {

struct Sample {
  GroundTruth truth;
  Detections found;
};

/// Few places, sizes at the area borders and few scores, so that ties and equal boxes are common.
Sample random_case(uint64_t seed) {
  Random random(seed);
  Sample result;
  const int64_t images = 1 + random.index(6), categories = 1 + random.index(4);
  for (int64_t i = 0; i < images; ++i) result.truth.images.push_back(100 - 7 * i);
  for (int64_t c = 0; c < categories; ++c) result.truth.categories.push_back({50 - 3 * c, "c"});
  const double sizes[] = {8, 31, 32, 33, 60, 96, 97, 150};
  const auto draw = [&](int64_t count) { return static_cast<double>(random.index(count)); };
  const auto box = [&] {
    return BoxXywh{draw(5) * 20, draw(5) * 20 + draw(3), sizes[random.index(8)], sizes[random.index(8)]};
  };
  const auto image = [&] { return result.truth.images[static_cast<size_t>(random.index(images))]; };
  const auto category = [&] {
    return result.truth.categories[static_cast<size_t>(random.index(categories))].id;
  };
  for (int64_t i = random.index(30); i > 0; --i) {
    const BoxXywh object = box();
    result.truth.add(image(), category(), object, object.w * object.h * (random.chance(0.3) ? 0.5 : 1),
                     random.chance(0.15));
  }
  for (int64_t i = random.index(200); i > 0; --i) {
    result.found.add(image(), category(), box(), static_cast<double>(random.index(20)) / 20);
  }
  return result;
}

enum class Verdict { kHit, kFalse, kIgnored };
struct Judged {
  double score;
  Verdict verdict;
};

double overlap(const BoxXywh& a, const BoxXywh& b, bool crowd) {
  const double w = std::max(0.0, std::min(a.x + a.w, b.x + b.w) - std::max(a.x, b.x));
  const double h = std::max(0.0, std::min(a.y + a.h, b.y + b.h) - std::max(a.y, b.y));
  return w * h == 0 ? 0 : w * h / (crowd ? a.w * a.h : a.w * a.h + b.w * b.h - w * h);
}

bool outside(double area, size_t range) {
  const double low[] = {0, 0, 1024, 9216}, high[] = {1e10, 1024, 9216, 1e10};
  return area < low[range] || area > high[range];
}

/// Verdicts of one image and category, best score first; adds its counting objects to `positives`.
std::vector<Judged> judge(const Sample& c, int64_t image, int64_t category, double threshold, size_t range,
                          size_t limit, int64_t& positives) {
  std::vector<size_t> objects, found;
  for (size_t g = 0; g < c.truth.size(); ++g) {
    if (c.truth.image_id[g] == image && c.truth.category_id[g] == category) objects.push_back(g);
  }
  for (size_t d = 0; d < c.found.size(); ++d) {
    if (c.found.image_id[d] == image && c.found.category_id[d] == category) found.push_back(d);
  }
  const auto ignored = [&](size_t g) { return c.truth.crowd[g] || outside(c.truth.area[g], range); };
  for (const size_t g : objects) positives += !ignored(g);
  std::stable_sort(found.begin(), found.end(),
                   [&](size_t a, size_t b) { return c.found.score[a] > c.found.score[b]; });
  if (found.size() > limit) found.resize(limit);
  std::set<size_t> taken;
  std::vector<Judged> verdicts;
  for (const size_t d : found) {
    // The best free object that counts; failing that, the best ignored one. Equal IoU: the later one.
    std::ptrdiff_t best = -1;
    for (const bool want_ignored : {false, true}) {
      double best_overlap = threshold;
      for (const size_t g : objects) {
        if (ignored(g) != want_ignored || (taken.count(g) && !c.truth.crowd[g])) continue;
        const double value = overlap(c.found.box[d], c.truth.box[g], c.truth.crowd[g]);
        if (value >= best_overlap) best_overlap = value, best = static_cast<std::ptrdiff_t>(g);
      }
      if (best >= 0) break;
    }
    Verdict verdict =
        outside(c.found.box[d].w * c.found.box[d].h, range) ? Verdict::kIgnored : Verdict::kFalse;
    if (best >= 0) {
      taken.insert(static_cast<size_t>(best));
      verdict = ignored(static_cast<size_t>(best)) ? Verdict::kIgnored : Verdict::kHit;
    }
    verdicts.push_back({c.found.score[d], verdict});
  }
  return verdicts;
}

struct NaiveCurve {
  double recall = -1;
  std::vector<double> precision = std::vector<double>(101, -1), score = std::vector<double>(101, -1);
};

NaiveCurve naive_curve(const Sample& c, int64_t category, double threshold, size_t range, size_t limit) {
  std::vector<int64_t> images = c.truth.images;
  std::sort(images.begin(), images.end());
  std::vector<Judged> all;
  int64_t positives = 0;
  for (const int64_t image : images) {
    const auto part = judge(c, image, category, threshold, range, limit, positives);
    all.insert(all.end(), part.begin(), part.end());
  }
  NaiveCurve curve;
  if (positives == 0) return curve;
  std::stable_sort(all.begin(), all.end(),
                   [](const Judged& a, const Judged& b) { return a.score > b.score; });
  std::vector<double> recall, precision;
  double hits = 0, misses = 0;
  for (const Judged& one : all) {
    hits += one.verdict == Verdict::kHit;
    misses += one.verdict == Verdict::kFalse;
    recall.push_back(hits / static_cast<double>(positives));
    precision.push_back(hits + misses > 0 ? hits / (hits + misses) : 0);
  }
  curve.recall = recall.empty() ? 0 : recall.back();
  for (int r = 0; r <= 100; ++r) {
    const double wanted = r * 0.01;
    const auto first =
        std::find_if(recall.begin(), recall.end(), [&](double value) { return value >= wanted; });
    const auto at = first - recall.begin();
    const bool reached = first != recall.end();
    curve.precision[static_cast<size_t>(r)] =
        reached ? *std::max_element(precision.begin() + at, precision.end()) : 0;
    curve.score[static_cast<size_t>(r)] = reached ? all[static_cast<size_t>(at)].score : 0;
  }
  return curve;
}

TEST(CocoEvalNaive, RandomCasesAgreeWithTheDefinition) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    const Sample c = random_case(seed);
    const std::vector<int64_t> limits{1, 3, 20};
    const Result got =
        evaluate(c.truth, c.found, {.iou_thresholds = {0.5, 0.6, 0.75, 0.9}, .max_dets = limits});
    double sum = 0;
    int64_t defined = 0;
    for (size_t t = 0; t < got.iou_thresholds.size(); ++t) {
      for (size_t k = 0; k < got.classes.size(); ++k) {
        for (size_t a = 0; a < 4; ++a) {
          for (size_t m = 0; m < 3; ++m) {
            const NaiveCurve want = naive_curve(c, got.classes[k].category.id, got.iou_thresholds[t], a,
                                                static_cast<size_t>(limits[m]));
            const size_t classes = got.classes.size();
            ASSERT_NEAR(got.recall[((t * classes + k) * 4 + a) * 3 + m], want.recall, 1e-12);
            for (size_t r = 0; r < 101; ++r) {
              const size_t at = (((t * 101 + r) * classes + k) * 4 + a) * 3 + m;
              ASSERT_NEAR(got.precision[at], want.precision[r], 1e-12)
                  << t << ' ' << k << ' ' << a << ' ' << m;
              ASSERT_EQ(got.scores[at], want.score[r]) << t << ' ' << r << ' ' << k << ' ' << a << ' ' << m;
              if (a == 0 && m == 2 && want.precision[r] >= 0) sum += want.precision[r], ++defined;
            }
          }
        }
      }
    }
    ASSERT_NEAR(got.map(), defined ? sum / static_cast<double>(defined) : -1, 1e-12);
  }
}

TEST(CocoEvalNaive, TheNumberOfThreadsChangesNothing) {
  const Sample c = random_case(7);
  const Result one = evaluate(c.truth, c.found, {.threads = 1});
  for (const int threads : {2, 3, 8}) {
    const Result many = evaluate(c.truth, c.found, {.threads = threads});
    EXPECT_EQ(one.stats, many.stats);
    EXPECT_EQ(one.precision, many.precision);
    EXPECT_EQ(one.scores, many.scores);
    EXPECT_EQ(one.recall, many.recall);
  }
}

}  // namespace
}  // namespace y6q::coco
