#include "detect/decode.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/errors.h"
#include "base/random.h"

namespace y6q::detect {
namespace {

struct Maps {
  std::vector<float> cls, reg;
};

Maps random_maps(Random& random, int64_t classes, int64_t cells) {
  Maps maps;
  for (int64_t i = 0; i < classes * cells; ++i) maps.cls.push_back(float(random.uniform(-6, 3)));
  for (int64_t i = 0; i < 4 * cells; ++i) maps.reg.push_back(float(random.uniform(0, 4)));
  return maps;
}

// One cell after another, one class after another.
std::vector<Detection> naive(std::span<const LevelMaps> levels, int64_t classes, const NmsOptions& options) {
  std::vector<Detection> all;
  for (const LevelMaps& level : levels) {
    const int64_t cells = level.height * level.width;
    for (int64_t y = 0; y < level.height; ++y) {
      for (int64_t x = 0; x < level.width; ++x) {
        const int64_t cell = y * level.width + x;
        auto side = [&](int64_t k) { return level.reg[k * cells + cell] * float(level.stride); };
        const float cx = (float(x) + 0.5F) * float(level.stride),
                    cy = (float(y) + 0.5F) * float(level.stride);
        const Box box{cx - side(0), cy - side(1), cx + side(2), cy + side(3)};
        int64_t best = 0;
        for (int64_t c = 1; c < classes; ++c) {
          if (level.cls[c * cells + cell] > level.cls[best * cells + cell]) best = c;
        }
        for (int64_t c = 0; c < classes; ++c) {
          const float score = 1.0F / (1.0F + std::exp(-level.cls[c * cells + cell]));
          if (score > options.score_threshold && (options.multi_label || c == best))
            all.push_back({box, score, c});
        }
      }
    }
  }
  return all;
}

TEST(Decode, EqualsANaiveLoopOnRandomMaps) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    const int64_t classes = 1 + random.index(6);
    const Maps fine = random_maps(random, classes, 8 * 6), coarse = random_maps(random, classes, 4 * 3);
    const std::vector<LevelMaps> levels{{fine.cls.data(), fine.reg.data(), 8, 6, 8},
                                        {coarse.cls.data(), coarse.reg.data(), 4, 3, 16}};
    const NmsOptions options{.score_threshold = float(random.uniform(0, 0.9)),
                             .multi_label = random.chance(0.5)};
    const auto got = decode(levels, classes, options), want = naive(levels, classes, options);
    ASSERT_EQ(got.size(), want.size()) << seed;
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(got[i].label, want[i].label);
      EXPECT_FLOAT_EQ(got[i].score, want[i].score);
      EXPECT_NEAR(got[i].box.x1, want[i].box.x1, 1e-4);
      EXPECT_NEAR(got[i].box.y2, want[i].box.y2, 1e-4);
    }
  }
}

TEST(Decode, OneCellByHand) {
  const std::vector<float> cls{0, 2}, reg{1, 0.5F, 2, 1.5F};  // two classes, one cell
  const std::vector<LevelMaps> levels{{cls.data(), reg.data(), 1, 1, 8}};
  const auto best = decode(levels, 2, {.score_threshold = 0.4F, .multi_label = false});
  ASSERT_EQ(best.size(), 1U);
  EXPECT_EQ(best[0].box, (Box{-4, 0, 20, 16}));
  EXPECT_EQ(best[0].label, 1);
  EXPECT_NEAR(best[0].score, 0.880797, 1e-6);
  EXPECT_EQ(decode(levels, 2, {.score_threshold = 0.5F}).size(), 1U);  // sigmoid(0) is not above 0.5
  EXPECT_EQ(decode(levels, 2, {.score_threshold = 0.4F}).size(), 2U);
}

TEST(DecodeRows, MultipliesByObjectnessAndTakesTheFirstOfEquals) {
  const std::vector<float> row{10, 20, 4, 6, 0.5F, 0.8F, 0.8F};
  const auto best = decode_rows(row, 2, {.multi_label = false});
  ASSERT_EQ(best.size(), 1U);
  EXPECT_EQ(best[0], (Detection{{8, 17, 12, 23}, 0.4F, 0}));
  EXPECT_EQ(decode_rows(row, 2, {}).size(), 2U);
  EXPECT_THROW(decode_rows(row, 3, {}), ShapeError);
}

}  // namespace
}  // namespace y6q::detect
