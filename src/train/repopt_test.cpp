#include "train/repopt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"

namespace y6q::train {
namespace {

TEST(RepOpt, MaskOfAnIdentityBlockByHand) {
  const BlockScales scales{"b", {2, 3}, {0.5F, 1}, {9, 9}};
  const auto mask = gradient_mask({2, 2, 3, 3}, scales).floats();
  EXPECT_EQ(mask[0], 4);                      // (0, 0), corner
  EXPECT_EQ(mask[4], 4 + 0.25F + 1);          // (0, 0), centre
  EXPECT_EQ(mask[9 + 4], 4 + 0.25F);          // (0, 1), centre
  EXPECT_EQ(mask[2 * 9 + 9 + 4], 9 + 1 + 1);  // (1, 1), centre
  EXPECT_THROW(gradient_mask({2, 3, 3, 3}, scales), InputError);
  EXPECT_THROW(gradient_mask({2, 2, 1, 1}, scales), InputError);
}

TEST(RepOpt, InitialKernelByHand) {
  ir::Array kernel = ir::Array::filled({2, 2, 3, 3}, 1);
  reinitialise(kernel, std::vector<float>{1, 2, 3, 4}, {"b", {2, 3}, {0.5F, 1}, {9, 8}});
  EXPECT_EQ(kernel.floats()[0], 2);
  EXPECT_EQ(kernel.floats()[4], 2 + 0.5F + 9);
  EXPECT_EQ(kernel.floats()[9 + 4], 2 + 1);
  EXPECT_EQ(kernel.floats()[3 * 9 + 4], 3 + 4 + 8);
}

/// in -> "first" (2 -> 2) -> "second" (2 -> 3), each one 3x3 convolution.
ir::Model two_blocks() {
  ir::Model model;
  ir::Value x = model.graph.add("images", ir::Input{{1, 2, 4, 4}}, {});
  int64_t channels = 2;
  for (const auto& [block, out] : {std::pair{"first", 2}, std::pair{"second", 3}}) {
    const std::string path = block;
    const auto weight =
        model.add_parameter(path + ".conv.weight", ir::Array::filled({out, channels, 3, 3}, 1), true, path);
    x = model.graph.add(path + ".conv", ir::Conv2d{{1, 1}, {1, 1}}, {x, weight}, path);
    channels = out;
  }
  model.graph.mark_output("out", x);
  return model;
}

const std::vector<BlockScales> kFitting{{"first", {2, 3}, {0, 0}, {9, 8}},
                                        {"second", {1, 1, 1}, {2, 0, 0}, {}}};

TEST(RepOpt, WholeNetworksAreReinitialisedBlockByBlock) {
  const ir::Model model = reinitialised(two_blocks(), kFitting, 1);
  const auto& first = model.weights.at("first.conv.weight").floats();
  EXPECT_EQ(first[0], 2);              // b = 0: no draw
  EXPECT_EQ(first[4], 2 + 9);          // (0, 0), centre
  EXPECT_EQ(first[3 * 9 + 4], 3 + 8);  // (1, 1), centre
  const auto& second = model.weights.at("second.conv.weight").floats();
  EXPECT_NE(second[4], 1);                                  // 2 times what was drawn …
  EXPECT_LE(std::abs(second[4] - 1), 2 / std::sqrt(2.0F));  // … within 1 / sqrt(2)
  EXPECT_EQ(second[0], 1);
  EXPECT_EQ(reinitialised(two_blocks(), kFitting, 1).weights.at("second.conv.weight"),
            model.weights.at("second.conv.weight"));
  EXPECT_FALSE(reinitialised(two_blocks(), kFitting, 2).weights.at("second.conv.weight") ==
               model.weights.at("second.conv.weight"));
}

TEST(RepOpt, MasksHaveTheNamesOfTheirWeights) {
  const GradientMasks masks = gradient_masks(two_blocks(), kFitting);
  ASSERT_EQ(masks.size(), 2U);
  EXPECT_EQ(masks.at("first.conv.weight"), gradient_mask({2, 2, 3, 3}, kFitting[0]));
}

TEST(RepOpt, EveryBlockThatDiffersIsNamed) {
  using testing::HasSubstr;
  EXPECT_THAT(([] {
                gradient_masks(two_blocks(), {{"third", {1}, {1}, {}}, {"second", {1, 1}, {1, 1}, {}}});
              }),
              testing::ThrowsMessage<InputError>(
                  AllOf(HasSubstr("'third': no such block"), HasSubstr("'second': 2 channels"),
                        HasSubstr("[3, 2, 3, 3]"), HasSubstr("'first': has no scales"))));
  EXPECT_THROW(gradient_masks(two_blocks(), {kFitting[0], {"second", {1, 1, 1}, {1, 1, 1}, {1, 1, 1}}}),
               InputError);
}

}  // namespace
}  // namespace y6q::train
