#include "ir/dead_channels.h"

#include <gtest/gtest.h>

#include "ir/text.h"

namespace y6q::ir {
namespace {

/// images -> conv of four channels -> `reader`; kernels 0 and 1 are zero, and so is the range of kernel 2.
Model four_channels(const std::string& reader, std::vector<float> bias) {
  Model model{parse_graph("images [1, 3, 4, 4] = Input() shape=1x3x4x4\n"
                          "w [4, 3, 1, 1] = Parameter() shape=4x3x1x1\n"
                          "w.amax [4] = Parameter() shape=4 trainable=false\n"
                          "w.quant [4, 3, 1, 1] = FakeQuant(w, w.amax) channel_axis=0\n"
                          "b [4] = Parameter() shape=4\n"
                          "conv [1, 4, 4, 4] = Conv2d(images, w.quant, b)\n" +
                          reader),
              {}};
  model.weights["w"] = {{4, 3, 1, 1}, std::vector<float>{0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1}};
  model.weights["w.amax"] = {{4}, std::vector<float>{1, 0, 0, 1}};
  model.weights["b"] = {{4}, std::move(bias)};
  return model;
}

const std::string kRelu = "relu [1, 4, 4, 4] = Relu(conv)\noutput y = relu\n";
const std::string kNothing = "output y = conv\n";

TEST(DeadChannels, AreThoseOfZeroKernelsAndZeroRangesWithoutABias) {
  EXPECT_EQ(dead_channels(four_channels(kNothing, {0, 0, 0, 0})), 3);
  EXPECT_EQ(dead_channels(four_channels(kNothing, {0, 0.5F, -0.5F, 0})), 1);
}

TEST(DeadChannels, ABiasBelowZeroIsZeroBehindARelu) {
  EXPECT_EQ(dead_channels(four_channels(kRelu, {0, 0.5F, -0.5F, -1})), 2);
  EXPECT_EQ(dead_channels(four_channels(kRelu + "output raw = conv\n", {0, 0.5F, -0.5F, -1})), 1)
      << "somebody else reads it before the ReLU";
}

}  // namespace
}  // namespace y6q::ir
