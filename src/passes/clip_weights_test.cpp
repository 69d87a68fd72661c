#include "passes/clip_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "passes/insert_quantizers.h"
#include "passes/refresh_ranges.h"

namespace y6q::passes {
namespace {

constexpr int64_t kCount = 8100;  ///< weights of a channel

/// A convolution of 3 outputs: normal weights, one of them large; all zeros; all of one size.
ir::Model three_kinds(const quant::Rules& rules) {
  ir::Array weight = ir::Array::zeros({3, kCount / 9, 3, 3});
  std::vector<float>& values = weight.floats();
  for (size_t i = 0; i < kCount; ++i) {
    Random random(5, static_cast<int64_t>(i));
    values[i] = static_cast<float>(random.normal());
    values[2 * kCount + i] = i % 2 == 0 ? 0.5F : -0.5F;
  }
  values[7] = 20;
  ir::Model model;
  const auto x = model.graph.add("images", ir::Input{{1, kCount / 9, 4, 4}}, {});
  const auto w = model.add_parameter("w", std::move(weight), true);
  model.graph.mark_output("out", model.graph.add("conv", ir::Conv2d{.pad = {1, 1}}, {x, w}));
  return insert_quantizers(model, {.rules = rules});
}

/// Of weights rounded to whole steps of range / most, the rest clipped.
double error_of(const std::vector<float>& weights, double range, double most) {
  double sum = 0;
  for (const float weight : weights) {
    const double step = range / most, code = std::clamp(std::nearbyint(weight / step), -most, most);
    sum += (weight - code * step) * (weight - code * step);
  }
  return sum;
}

TEST(ClipWeights, FindsTheRangeOfLeastErrorOfAllThatATableHolds) {
  for (const int64_t bits : {7, 8}) {
    const ir::Model before = three_kinds({.weight_bits = bits}), after = clip_weights(before);
    const std::vector<float>& all = before.weights.at("w").floats();
    const std::vector<float> normal(all.begin(), all.begin() + kCount);
    const double most = bits == 7 ? 63 : 127;
    const double of_largest = error_of(normal, 20, most);
    double least = of_largest;
    for (double range = 10; range < 20; range += 0.02) least = std::min(least, error_of(normal, range, most));
    ASSERT_LT(least, 0.98 * of_largest);
    EXPECT_LE(error_of(normal, after.weights.at("w.amax").floats()[0], most),
              least + 0.05 * (of_largest - least));
  }
}

TEST(ClipWeights, TheLargestWeightOfAChannelIsItsRange) {
  const ir::Model model = clip_weights(three_kinds({.weight_bits = 7}));
  EXPECT_EQ(model.weights.at("w").floats()[7], model.weights.at("w.amax").floats()[0]);
  EXPECT_EQ(refresh_ranges(model).weights, model.weights);
}

TEST(ClipWeights, LeavesZerosAndWeightsOfOneSizeAlone) {
  const ir::Model before = three_kinds({.weight_bits = 7}), after = clip_weights(before);
  EXPECT_EQ(after.weights.at("w.amax").floats()[1], 0);
  for (const int64_t i : {kCount + 100U, 2 * kCount, 2 * kCount + 1U})
    EXPECT_NEAR(after.weights.at("w").floats().at(i), before.weights.at("w").floats().at(i), 0.5 / 2048);
}

// 127 steps of a range are FP16 numbers where the scheme asks for it.
TEST(ClipWeights, ScalesStayFp16Numbers) {
  const ir::Model model = clip_weights(three_kinds(quant::rules_of(quant::Scheme::tensorrt)));
  const float scale = model.weights.at("w.amax").floats()[0] / 127;
  const float ulps = std::ldexp(scale, 10 - std::ilogb(scale));  // 11 bits in all
  EXPECT_NEAR(ulps, std::nearbyint(ulps), 1e-3);
  EXPECT_LT(scale, 19.9F / 127);
}

}  // namespace
}  // namespace y6q::passes
