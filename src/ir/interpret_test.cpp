#include "ir/interpret.h"

#include <gtest/gtest.h>

#include <cmath>

namespace y6q::ir {
namespace {

std::vector<double> run(const Op& op, const Tensor& source, const std::vector<Array>& arrays) {
  Model model;
  std::vector<Value> operands{model.graph.add("images", Input{source.shape}, {})};
  for (size_t i = 0; i < arrays.size(); ++i) {
    operands.push_back(model.add_parameter("p" + std::to_string(i), arrays[i], false));
  }
  model.graph.mark_output("out", model.graph.add("node", op, operands));
  return interpret(model, source).at("out").data;
}

Array array(Shape shape, std::vector<float> values) { return {std::move(shape), std::move(values)}; }
using Values = std::vector<double>;

TEST(Interpret, ConvolvesWithPaddingStrideGroupsAndBias) {
  const Tensor row{{1, 1, 1, 4}, {1, 2, 3, 4}};
  EXPECT_EQ(run(Conv2d{.stride = {1, 2}, .pad = {0, 1}}, row,
                {array({1, 1, 1, 3}, {1, 10, 100}), array({1}, {0.5F})}),
            (Values{210.5, 432.5}));
  const Tensor pair{{1, 2, 1, 1}, {3, 5}};
  EXPECT_EQ(run(Conv2d{.groups = 2}, pair, {array({2, 1, 1, 1}, {2, 7})}), (Values{6, 35}));
}

TEST(Interpret, TransposedConvolutionSpreadsEachPixel) {
  const Tensor pair{{1, 1, 1, 2}, {1, 2}};
  EXPECT_EQ(run(ConvTranspose2d{}, pair, {array({1, 1, 2, 2}, {1, 10, 100, 1000}), array({1}, {0.5F})}),
            (Values{1.5, 10.5, 2.5, 20.5, 100.5, 1000.5, 200.5, 2000.5}));
}

// Sums of the rows 1 2 3 and 4 5 6 with zeros around them, over nine everywhere.
TEST(Interpret, AveragesOverTheWholeWindow) {
  const Tensor rows{{1, 1, 2, 3}, {1, 2, 3, 4, 5, 6}};
  const Values sums{12, 21, 16, 12, 21, 16}, got = run(AvgPool2d{}, rows, {});
  for (size_t i = 0; i < sums.size(); ++i) EXPECT_NEAR(got[i], sums[i] / 9, 1e-15) << i;
  EXPECT_EQ(run(AvgPool2d{{2, 1}, {1, 2}, {0, 0}}, rows, {}), (Values{2.5, 4.5}));
}

TEST(Interpret, NormalisesPoolsAndScales) {
  const Tensor pair{{1, 1, 1, 2}, {1, 5}};
  EXPECT_EQ(
      run(BatchNorm{.eps = 1}, pair, {array({1}, {2}), array({1}, {10}), array({1}, {1}), array({1}, {3})}),
      (Values{10, 14}));
  EXPECT_EQ(run(MaxPool2d{{1, 3}, {1, 1}, {0, 1}}, {{1, 1, 1, 3}, {-5, -9, -7}}, {}), (Values{-5, -5, -7}));
  EXPECT_EQ(run(ChannelScale{}, {{1, 2, 1, 1}, {1, 5}}, {array({2}, {3, -1})}), (Values{3, -5}));
  EXPECT_EQ(run(Relu{}, pair, {}), (Values{1, 5}));
  EXPECT_NEAR(run(Silu{}, pair, {})[0], 1 / (1 + std::exp(-1.0)), 1e-15);
}

// spec/04 §3.6.
TEST(Interpret, FakeQuantisesToTheStatedValues) {
  const Tensor values{{1, 1, 1, 4}, {0.3, 0.5, -1.004, 5}};
  const Values got = run(FakeQuant{}, values, {Array::scalar(1)});
  const Values want{0.2992126, 0.5039370, -1.0078740, 1};
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 5e-8) << i;
  for (const float zero : {0.0F, 0x1p-24F}) {
    EXPECT_EQ(run(FakeQuant{}, values, {Array::scalar(zero)}), Values(values.data.size(), 0.0));
  }
  EXPECT_EQ(run(FakeQuant{.is_signed = false}, values, {Array::scalar(2.55F)})[2], 0);
  EXPECT_NEAR(run(FakeQuant{.is_signed = false}, values, {Array::scalar(2.55F)})[3], 2.55, 1e-7);
}

TEST(Interpret, FakeQuantUsesTheRangeOfItsChannel) {
  const Tensor values{{1, 2, 1, 2}, {0.3, 5, 0.3, 5}};
  const Values got = run(FakeQuant{.channel_axis = 1}, values, {array({2}, {1, 127})});
  EXPECT_NEAR(got[0], 0.2992126, 5e-8);
  EXPECT_EQ(got[1], 1);
  EXPECT_EQ(got[2], 0);
  EXPECT_EQ(got[3], 5);
}

// One cell of stride 8 at (x, y) = (1, 0): anchor point (1.5, 0.5).
TEST(Interpret, DecodesDistancesAroundTheCellCentre) {
  Model model;
  const Value images = model.graph.add("images", Input{{1, 4, 1, 2}}, {});
  const Value weight = model.add_parameter("w", array({1, 4, 1, 1}, {1, 0, 0, 0}), false);
  const Value cls = model.graph.add("cls", Conv2d{}, {images, weight});
  model.graph.mark_output("out", model.graph.add("decode", Decode{{8}}, {cls, images}));
  const Values got = interpret(model, {{1, 4, 1, 2}, {0, 1, 0, 2, 0, 3, 0, 4}}).at("out").data;
  const Values want{20, 12, 32, 48, 1, 1 / (1 + std::exp(-1.0))};  // x 0.5..4.5, y -1.5..4.5 strides
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[6 + i], want[i], 1e-12) << i;
}

TEST(Interpret, ConcatenatesAlongAnyAxis) {
  Model model;
  const Value images = model.graph.add("images", Input{{1, 1, 2, 2}}, {});
  model.graph.mark_output("c", model.graph.add("c", Concat{1}, {images, images}));
  model.graph.mark_output("w", model.graph.add("w", Concat{3}, {images, images}));
  const auto got = interpret(model, {{1, 1, 2, 2}, {1, 2, 3, 4}});
  EXPECT_EQ(got.at("c").data, (Values{1, 2, 3, 4, 1, 2, 3, 4}));
  EXPECT_EQ(got.at("w").data, (Values{1, 2, 1, 2, 3, 4, 3, 4}));
}

}  // namespace
}  // namespace y6q::ir
