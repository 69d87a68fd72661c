#include "passes/refresh_ranges.h"

#include <gtest/gtest.h>

#include <cmath>

#include "passes/insert_quantizers.h"

namespace y6q::passes {
namespace {

ir::Model one_conv(const quant::Rules& rules = {}) {
  ir::Model model;
  const auto x = model.graph.add("images", ir::Input{{1, 2, 4, 4}}, {});
  const auto weight = model.add_parameter("w", {{2, 2, 1, 1}, std::vector<float>{1, -3, 0, 0.5F}}, true);
  model.graph.mark_output("out", model.graph.add("conv", ir::Conv2d{}, {x, weight}));
  return insert_quantizers(model, {.rules = rules});
}

TEST(RefreshRanges, TakesTheLargestMagnitudeOfEachChannel) {
  ir::Model model = one_conv();
  model.weights.at("w").floats() = {0.25F, 2, -7, 1};
  model.weights.at("images.amax") = ir::Array::scalar(5);
  model = refresh_ranges(std::move(model));
  EXPECT_EQ(model.weights.at("w.amax").floats(), (std::vector<float>{2, 7}));
  EXPECT_EQ(model.weights.at("images.amax").floats(), (std::vector<float>{5}));
}

TEST(RefreshRanges, LeavesAFreshModelAlone) {
  for (const quant::Rules& rules : {quant::Rules{}, quant::rules_of(quant::Scheme::tensorrt)}) {
    const ir::Model model = one_conv(rules);
    EXPECT_EQ(refresh_ranges(model).weights, model.weights);
  }
}

// 5 / 127 lies between two FP16 numbers, 2^-15 apart there.
TEST(RefreshRanges, OfActivationsBecomeThoseOfFp16ScalesWhereTheQuantizerAsksForThem) {
  ir::Model model = one_conv(quant::rules_of(quant::Scheme::tensorrt));
  model.weights.at("images.amax") = ir::Array::scalar(5);
  const float steps = std::ceil(5.0F / 127 * 0x1p15F);
  EXPECT_EQ(refresh_ranges(model).weights.at("images.amax").floats()[0], 127 * steps * 0x1p-15F);
}

TEST(WeightRanges, RunAlongTheAxis) {
  const ir::Array weight{{2, 3, 1, 2}, std::vector<float>{1, 2, 3, 4, 5, 6, -7, 0, 0, 0, 0, 8}};
  EXPECT_EQ(weight_ranges(weight, {.channel_axis = 0}).floats(), (std::vector<float>{6, 8}));
  EXPECT_EQ(weight_ranges(weight, {.channel_axis = 1}).floats(), (std::vector<float>{7, 4, 8}));
  EXPECT_EQ(weight_ranges(weight, {}), ir::Array::scalar(8));
}

TEST(WeightRanges, AreThoseOfFp16ScalesWhereTheQuantizerAsksForThem) {
  const ir::Array weight{{2, 1, 1, 1}, std::vector<float>{127, -7}};
  EXPECT_EQ(weight_ranges(weight, {.channel_axis = 0, .half_scale = true}).floats(),
            (std::vector<float>{127, 127 * 1807 * 0x1p-15F}));
}

}  // namespace
}  // namespace y6q::passes
