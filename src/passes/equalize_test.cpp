#include "passes/equalize.h"

#include <gtest/gtest.h>

#include <cmath>

#include "models/yolov6.h"
#include "passes/deploy.h"
#include "passes/insert_quantizers.h"
#include "passes/same_outputs.h"

namespace y6q::passes {
namespace {

constexpr const char* kPair = R"(images [1, 2, 4, 4] = Input() shape=1x2x4x4
w1 [2, 2, 1, 1] = Parameter() shape=2x2x1x1
b1 [2] = Parameter() shape=2
first [1, 2, 4, 4] = Conv2d(images, w1, b1)
relu [1, 2, 4, 4] = Relu(first)
w2 [3, 2, 1, 1] = Parameter() shape=3x2x1x1
second [1, 3, 4, 4] = Conv2d(relu, w2)
output out = second
)";

// Channel 0: largest weights 8 and 2, s = 2, both become 4. Channel 1: 1 and 4, s = 1/2, both become 2.
TEST(Equalize, BothSidesOfAChannelGetTheGeometricMean) {
  ir::Model model = model_of(kPair);
  model.weights.at("w1").floats() = {-8, 2, 1, -0.5F};
  model.weights.at("b1").floats() = {6, -3};
  model.weights.at("w2").floats() = {1, 4, -2, 0, 0.5F, -2};
  const ir::Model equal = equalize(model);
  EXPECT_EQ(equal.weights.at("w1").floats(), (std::vector<float>{-4, 1, 2, -1}));
  EXPECT_EQ(equal.weights.at("b1").floats(), (std::vector<float>{3, -6}));
  EXPECT_EQ(equal.weights.at("w2").floats(), (std::vector<float>{2, 2, -4, 0, 1, -1}));
  EXPECT_EQ(ir::to_text(equal.graph), ir::to_text(model.graph));
  expect_same_outputs(model, equal, 1e-12);
}

TEST(Equalize, AChannelWithoutWeightsOnOneSideStays) {
  ir::Model model = model_of(kPair);
  model.weights.at("w1").floats() = {0, 0, 1, 1};
  model.weights.at("w2").floats() = {1, 0, 1, 0, 1, 0};
  EXPECT_EQ(equalize(model).weights, model.weights);
}

// 2^-40 and 1 would give s = 2^-20 and a bias of 2^20.
TEST(Equalize, ADeadChannelDoesNotBecomeTheLargest) {
  ir::Model model = model_of(kPair);
  model.weights.at("w1").floats() = {0x1p-40F, 0, 1, 1};
  model.weights.at("b1").floats() = {1, 0};
  model.weights.at("w2").floats() = {1, 1, 1, 1, 1, 1};
  EXPECT_EQ(equalize(model).weights.at("b1").floats(), (std::vector<float>{32, 0}));
}

TEST(Equalize, AChainSettles) {
  const ir::Model model = model_of(R"(images [1, 3, 6, 6] = Input() shape=1x3x6x6
w1 [4, 3, 3, 3] = Parameter() shape=4x3x3x3
b1 [4] = Parameter() shape=4
c1 [1, 4, 6, 6] = Conv2d(images, w1, b1) pad=1x1
r1 [1, 4, 6, 6] = Relu(c1)
w2 [5, 4, 3, 3] = Parameter() shape=5x4x3x3
b2 [5] = Parameter() shape=5
c2 [1, 5, 3, 3] = Conv2d(r1, w2, b2) stride=2x2 pad=1x1
r2 [1, 5, 3, 3] = Relu(c2)
w3 [2, 5, 1, 1] = Parameter() shape=2x5x1x1
c3 [1, 2, 3, 3] = Conv2d(r2, w3)
output out = c3
)");
  const ir::Model equal = equalize(model);
  expect_same_outputs(model, equal, 1e-6);
  const auto largest = [&](const char* name, size_t channel, bool input) {
    const ir::Array& weight = equal.weights.at(name);
    const auto channels = static_cast<size_t>(weight.shape[1]);
    const size_t taps = weight.floats().size() / channels / static_cast<size_t>(weight.shape[0]);
    float result = 0;
    for (size_t i = 0; i < weight.floats().size(); ++i) {
      if ((input ? i / taps % channels : i / taps / channels) != channel) continue;
      result = std::max(result, std::fabs(weight.floats()[i]));
    }
    return result;
  };
  constexpr float kSettled = 3e-3F;
  for (size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(largest("w1", i, false) / largest("w2", i, true), 1, kSettled) << i;
  for (size_t i = 0; i < 5; ++i)
    EXPECT_NEAR(largest("w2", i, false) / largest("w3", i, true), 1, kSettled) << i;
}

TEST(Equalize, LeavesOtherPairsAlone) {
  const std::string first = R"(images [1, 2, 4, 4] = Input() shape=1x2x4x4
w1 [2, 2, 1, 1] = Parameter() shape=2x2x1x1
first [1, 2, 4, 4] = Conv2d(images, w1)
)";
  for (const char* rest : {
           // another activation, none
           "a [1, 2, 4, 4] = Silu(first)\nw2 [2, 2, 1, 1] = Parameter() shape=2x2x1x1\ny [1, 2, 4, 4] = "
           "Conv2d(a, w2)\noutput out = y\n",
           "w2 [2, 2, 1, 1] = Parameter() shape=2x2x1x1\ny [1, 2, 4, 4] = Conv2d(first, w2)\noutput out = "
           "y\n",
           // a second reader of the convolution, of its ReLU; a tap
           "a [1, 2, 4, 4] = Relu(first)\nw2 [2, 2, 1, 1] = Parameter() shape=2x2x1x1\ny [1, 2, 4, 4] = "
           "Conv2d(a, w2)\nz [1, 2, 4, 4] = Add(first, y)\noutput out = z\n",
           "a [1, 2, 4, 4] = Relu(first)\nw2 [2, 2, 1, 1] = Parameter() shape=2x2x1x1\ny [1, 2, 4, 4] = "
           "Conv2d(a, w2)\nz [1, 4, 4, 4] = Concat(a, y)\noutput out = z\n",
           "a [1, 2, 4, 4] = Relu(first)\nw2 [2, 2, 1, 1] = Parameter() shape=2x2x1x1\ny [1, 2, 4, 4] = "
           "Conv2d(a, w2)\noutput out = y\noutput tap = a\n",
           // groups; one weight for both; a pool
           "a [1, 2, 4, 4] = Relu(first)\nw2 [2, 1, 1, 1] = Parameter() shape=2x1x1x1\ny [1, 2, 4, 4] = "
           "Conv2d(a, w2) groups=2\noutput out = y\n",
           "a [1, 2, 4, 4] = Relu(first)\ny [1, 2, 4, 4] = Conv2d(a, w1)\noutput out = y\n",
           "a [1, 2, 4, 4] = Relu(first)\np [1, 2, 4, 4] = MaxPool2d(a)\nw2 [2, 2, 1, 1] = Parameter() "
           "shape=2x2x1x1\ny [1, 2, 4, 4] = Conv2d(p, w2)\noutput out = y\n",
       }) {
    const ir::Model model = model_of(first + rest);
    EXPECT_EQ(equalize(model).weights, model.weights) << rest;
  }
  const ir::Model quantized = insert_quantizers(model_of(kPair), {});
  EXPECT_EQ(equalize(quantized).weights, quantized.weights);
}

}  // namespace
}  // namespace y6q::passes
