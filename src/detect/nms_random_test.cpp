#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "detect/decode.h"
#include "detect/nms.h"

// The whole way from rows to boxes against the obvious loops, on numbers that a network should not give but
// may: infinities, NaN, boxes turned inside out, coordinates of huge images, equal scores.
namespace y6q::detect {
namespace {

float hostile(Random& random, double scale) {
  static constexpr float kOdd[]{0,
                                -0.0F,
                                1,
                                -1,
                                0.5F,
                                std::numeric_limits<float>::infinity(),
                                -std::numeric_limits<float>::infinity(),
                                std::numeric_limits<float>::quiet_NaN(),
                                std::numeric_limits<float>::max(),
                                std::numeric_limits<float>::denorm_min()};
  if (random.chance(0.03)) return kOdd[random.index(std::size(kOdd))];
  // Coarse numbers, so that equal scores and equal boxes are frequent.
  return static_cast<float>(std::floor(random.uniform() * 64) / 64 * scale);
}

std::vector<float> hostile_rows(Random& random, int64_t rows, int64_t classes) {
  std::vector<float> all;
  const double side = random.chance(0.3) ? 1e6 : 60;
  for (int64_t i = 0; i < rows; ++i) {
    for (int k = 0; k < 4; ++k) all.push_back(hostile(random, k < 2 ? side : side / 3));
    all.push_back(random.chance(0.8) ? 1 : hostile(random, 1));
    for (int64_t c = 0; c < classes; ++c) all.push_back(hostile(random, 1));
  }
  return all;
}

float naive_iou(const Box& a, const Box& b) {
  const float w = (a.x2 < b.x2 ? a.x2 : b.x2) - (a.x1 > b.x1 ? a.x1 : b.x1);
  const float h = (a.y2 < b.y2 ? a.y2 : b.y2) - (a.y1 > b.y1 ? a.y1 : b.y1);
  if (!(w > 0) || !(h > 0)) return 0;
  const float area_a = (a.x2 - a.x1) * (a.y2 - a.y1), area_b = (b.x2 - b.x1) * (b.y2 - b.y1);
  return w * h / (area_a + area_b - w * h);
}

std::vector<Detection> naive_candidates(const std::vector<float>& rows, int64_t classes,
                                        const NmsOptions& options) {
  std::vector<Detection> all;
  for (auto row = rows.begin(); row != rows.end(); row += 5 + classes) {
    int64_t best = 0;
    for (int64_t c = 1; c < classes; ++c) {
      const float score = row[5 + c] * row[4], leader = row[5 + best] * row[4];
      if (score > leader || (std::isnan(leader) && !std::isnan(score))) best = c;
    }
    for (int64_t c = 0; c < classes; ++c) {
      const float score = row[5 + c] * row[4];
      if (!(score > options.score_threshold) || (!options.multi_label && c != best)) continue;
      all.push_back(
          {{row[0] - row[2] / 2, row[1] - row[3] / 2, row[0] + row[2] / 2, row[1] + row[3] / 2}, score, c});
    }
  }
  return all;
}

// Every candidate, best first, against every kept one.
std::vector<Detection> naive_nms(std::vector<Detection> all, const NmsOptions& options) {
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  if (options.max_candidates > 0 && std::ssize(all) > options.max_candidates) {
    all.resize(static_cast<size_t>(options.max_candidates));
  }
  std::vector<Detection> kept;
  for (const Detection& d : all) {
    const bool suppressed = std::ranges::any_of(kept, [&](const Detection& k) {
      return (options.agnostic || k.label == d.label) && naive_iou(k.box, d.box) > options.iou_threshold;
    });
    if (!suppressed && std::ssize(kept) < options.max_detections) kept.push_back(d);
  }
  return kept;
}

// NaN is equal to NaN here.
std::vector<uint32_t> bits(const std::vector<Detection>& all) {
  std::vector<uint32_t> words;
  for (const Detection& d : all) {
    for (const float value : {d.box.x1, d.box.y1, d.box.x2, d.box.y2, d.score}) {
      words.push_back(std::isnan(value) ? 0x7FC00000U : std::bit_cast<uint32_t>(value));
    }
    words.push_back(static_cast<uint32_t>(d.label));
  }
  return words;
}

TEST(NmsRandom, RowsToBoxesEqualTheObviousLoopsToTheLastBit) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    Random random(seed);
    const int64_t classes = 1 + random.index(7);
    const auto rows = hostile_rows(random, random.index(120), classes);
    const NmsOptions options{.score_threshold = float(random.index(20)) / 20,
                             .iou_threshold = float(random.index(21)) / 20,
                             .max_detections = random.index(80),
                             .multi_label = random.chance(0.7),
                             .agnostic = random.chance(0.3),
                             .max_candidates = random.chance(0.3) ? 1 + random.index(60) : 0};
    const auto candidates = decode_rows(rows, classes, options);
    const auto expected = naive_candidates(rows, classes, options);
    ASSERT_EQ(bits(candidates), bits(expected)) << "seed " << seed;
    ASSERT_EQ(bits(nms(candidates, options)), bits(naive_nms(expected, options))) << "seed " << seed;
  }
}

TEST(NmsRandom, DenseCaseEqualsAnUncappedLoop) {
  constexpr int64_t kClasses = 20;
  Random random(5);
  std::vector<float> rows;
  for (int64_t anchor = 0; anchor < 2000; ++anchor) {
    for (int side = 0; side < 4; ++side) rows.push_back(static_cast<float>(random.uniform(0, 600)));
    rows.push_back(1);
    for (int64_t c = 0; c < kClasses; ++c) rows.push_back(static_cast<float>(std::pow(random.uniform(), 30)));
  }
  const NmsOptions options;
  const auto candidates = decode_rows(rows, kClasses, options);
  EXPECT_GT(candidates.size(), 4000U);
  EXPECT_EQ(nms(candidates, options), naive_nms(naive_candidates(rows, kClasses, options), options));
}

}  // namespace
}  // namespace y6q::detect
