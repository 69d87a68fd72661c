#include "detect/nms.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "detect/iou.h"
#include "detect/placement.h"

namespace y6q::detect {
namespace {

TEST(Iou, ByHand) {
  EXPECT_FLOAT_EQ(iou({0, 0, 4, 4}, {1, 1, 5, 4}), 9.0F / 19.0F);
  EXPECT_EQ(iou({0, 0, 2, 2}, {2, 0, 4, 2}), 0);
  EXPECT_EQ(iou({1, 1, 1, 1}, {1, 1, 1, 1}), 0);
  EXPECT_EQ(iou({0, 0, 2, 2}, {0, 0, 2, 2}), 1);
}

// Sort everything, compare every pair.
std::vector<Detection> naive(std::vector<Detection> all, const NmsOptions& options) {
  std::erase_if(all, [&](const Detection& d) { return !(d.score > options.score_threshold); });
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  std::vector<Detection> kept;
  for (const Detection& d : all) {
    bool good = true;
    for (const Detection& k : kept) {
      const double w = std::min(k.box.x2, d.box.x2) - std::max(k.box.x1, d.box.x1);
      const double h = std::min(k.box.y2, d.box.y2) - std::max(k.box.y1, d.box.y1);
      const double both = w > 0 && h > 0 ? w * h : 0;
      const double sum = double(k.box.x2 - k.box.x1) * (k.box.y2 - k.box.y1) +
                         double(d.box.x2 - d.box.x1) * (d.box.y2 - d.box.y1) - both;
      if ((options.agnostic || k.label == d.label) && both > double(options.iou_threshold) * sum)
        good = false;
    }
    if (good) kept.push_back(d);
  }
  if (std::ssize(kept) > options.max_detections) kept.resize(static_cast<size_t>(options.max_detections));
  return kept;
}

std::vector<Detection> random_candidates(Random& random, int64_t count, int64_t classes) {
  std::vector<Detection> all;
  for (int64_t i = 0; i < count; ++i) {
    const double x = random.uniform(0, 80), y = random.uniform(0, 80);
    const Box box{float(x), float(y), float(x + random.uniform(1, 40)), float(y + random.uniform(1, 40))};
    // Few different scores: ties are frequent.
    all.push_back({box, float(random.index(40)) / 40.0F, random.index(classes)});
    if (random.chance(0.1)) all.push_back(all.back());
  }
  return all;
}

TEST(Nms, EqualsANaiveLoopOnRandomCandidates) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    const auto all = random_candidates(random, 1 + random.index(400), 1 + random.index(5));
    const NmsOptions options{.score_threshold = float(random.uniform(0, 0.5)),
                             .iou_threshold = float(random.uniform(0.1, 0.9)),
                             .max_detections = 1 + random.index(200),
                             .agnostic = random.chance(0.5)};
    EXPECT_EQ(nms(all, options), naive(all, options)) << seed;
  }
}

TEST(Nms, EqualScoresKeepTheirOrder) {
  const std::vector<Detection> all{{{0, 0, 1, 1}, 0.5F, 0}, {{5, 5, 6, 6}, 0.5F, 0}, {{2, 2, 3, 3}, 0.5F, 0}};
  EXPECT_EQ(nms(all, {}), all);
}

TEST(Nms, IouEqualToTheThresholdDoesNotSuppress) {
  const std::vector<Detection> all{{{0, 0, 4, 4}, 0.9F, 0}, {{0, 0, 4, 2}, 0.8F, 0}};
  EXPECT_EQ(nms(all, {.iou_threshold = 0.5F}).size(), 2U);
  EXPECT_EQ(nms(all, {.iou_threshold = 0.49F}).size(), 1U);
}

TEST(Nms, ClassesDoNotTouchEvenInHugeImages) {  // the class * 4096 shift would let these two collide
  const std::vector<Detection> all{{{4096, 0, 4100, 4}, 0.9F, 0}, {{0, 0, 4, 4}, 0.8F, 1}};
  EXPECT_EQ(nms(all, {}).size(), 2U);
}

TEST(Nms, CapKeepsTheBestCandidates) {
  const std::vector<Detection> all{{{0, 0, 1, 1}, 0.5F, 0}, {{5, 5, 6, 6}, 0.9F, 0}, {{2, 2, 3, 3}, 0.7F, 0}};
  EXPECT_EQ(nms(all, {.max_candidates = 2}), (std::vector<Detection>{all[1], all[2]}));
}

TEST(Nms, NothingAndNanGiveNothing) {
  EXPECT_TRUE(nms({}, {}).empty());
  EXPECT_TRUE(nms({{{0, 0, 1, 1}, std::numeric_limits<float>::quiet_NaN(), 0}}, {}).empty());
}

TEST(Placement, UndoesGainAndPaddingAndClips) {
  const Placement placement{
      .source_height = 100, .source_width = 200, .gain_x = 0.5, .gain_y = 0.25, .left = 10, .top = 20};
  EXPECT_EQ(to_source({15, 25, 60, 1000}, placement), (Box{10, 20, 100, 100}));
  EXPECT_EQ(to_source({-5, 0, 500, 30}, placement), (Box{0, 0, 200, 40}));
}

}  // namespace
}  // namespace y6q::detect
