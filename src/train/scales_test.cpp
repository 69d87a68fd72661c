#include "train/scales.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace y6q::train {
namespace {

TEST(Scales, ComeFromTheBlocksInGraphOrder) {
  ir::Model model;
  const auto add = [&](const std::string& name, std::vector<float> values) {
    model.add_parameter(name, {{static_cast<int64_t>(values.size())}, values}, true);
  };
  add("z.scale_1x1.weight", {3, 4});
  add("z.scale_conv.weight", {1, 2});
  add("a.scale_identity.weight", {7});
  add("a.scale_1x1.weight", {6});
  add("a.scale_conv.weight", {5});
  EXPECT_EQ(extract_scales(model),
            (std::vector<BlockScales>{{"z", {1, 2}, {3, 4}, {}}, {"a", {5}, {6}, {7}}}));
  add("b.scale_conv.weight", {5});
  EXPECT_THROW(extract_scales(model), InputError);
  EXPECT_THROW(extract_scales(ir::Model{}), InputError);
}

TEST(Scales, MaskOfAnIdentityBlockByHand) {
  const BlockScales scales{"b", {2, 3}, {0.5F, 1}, {9, 9}};
  const auto mask = gradient_mask({2, 2, 3, 3}, scales).floats();
  EXPECT_EQ(mask[0], 4);                      // (0, 0), corner
  EXPECT_EQ(mask[4], 4 + 0.25F + 1);          // (0, 0), centre
  EXPECT_EQ(mask[9 + 4], 4 + 0.25F);          // (0, 1), centre
  EXPECT_EQ(mask[2 * 9 + 9 + 4], 9 + 1 + 1);  // (1, 1), centre
  EXPECT_THROW(gradient_mask({2, 3, 3, 3}, scales), InputError);
  EXPECT_THROW(gradient_mask({2, 2, 1, 1}, scales), InputError);
}

TEST(Scales, InitialKernelByHand) {
  ir::Array kernel = ir::Array::filled({2, 2, 3, 3}, 1);
  reinitialise(kernel, std::vector<float>{1, 2, 3, 4}, {"b", {2, 3}, {0.5F, 1}, {9, 8}});
  EXPECT_EQ(kernel.floats()[0], 2);
  EXPECT_EQ(kernel.floats()[4], 2 + 0.5F + 9);
  EXPECT_EQ(kernel.floats()[9 + 4], 2 + 1);
  EXPECT_EQ(kernel.floats()[3 * 9 + 4], 3 + 4 + 8);
}

}  // namespace
}  // namespace y6q::train
