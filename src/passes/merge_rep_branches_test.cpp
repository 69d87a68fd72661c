#include "passes/merge_rep_branches.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "models/blocks.h"
#include "passes/deploy.h"
#include "passes/same_outputs.h"

namespace y6q::passes {
namespace {

using models::Mode;

/// images -> a convolution -> one Rep block, with random numbers everywhere.
ir::Model block(Mode mode, int64_t out_channels, int64_t stride) {
  models::Builder b{{}, mode, Random(3)};
  const ir::Value images = b.model.graph.add("images", ir::Input{{1, 4, 6, 6}}, {});
  const ir::Value y = models::rep_conv(b, "block", images, {.out_channels = out_channels, .stride = stride});
  b.model.graph.mark_output("out", y);
  return model_of(ir::to_text(b.model.graph), 5);
}

TEST(MergeRepBranches, JoinsThreeNormedBranches) {
  const ir::Model model = block(Mode::repvgg, 4, 1);
  const ir::Model merged = merge_rep_branches(model);
  EXPECT_EQ(ir::to_text(merged.graph), R"(images [1, 4, 6, 6] = Input() shape=1x4x6x6
block.rbr_reparam.weight [4, 4, 3, 3] = Parameter() shape=4x4x3x3 @block
block.rbr_reparam.bias [4] = Parameter() shape=4 @block
block.rbr_reparam [1, 4, 6, 6] = Conv2d(images, block.rbr_reparam.weight, block.rbr_reparam.bias) pad=1x1 @block
block.relu [1, 4, 6, 6] = Relu(block.rbr_reparam) @block
output out = block.relu
)");
  expect_same_outputs(model, merged, 1e-6);
}

TEST(MergeRepBranches, JoinsTwoBranchesOfAStridedBlock) {
  const ir::Model model = block(Mode::repvgg, 8, 2);
  const ir::Model merged = merge_rep_branches(model);
  EXPECT_EQ(merged.graph.size(), 5U);
  expect_same_outputs(model, merged, 1e-6);
}

TEST(MergeRepBranches, JoinsScaledBranchesAndLeavesTheirNorm) {
  for (const int64_t stride : {1, 2}) {
    const ir::Model model = block(Mode::hyper_search, 4, stride);
    const ir::Model merged = merge_rep_branches(model);
    EXPECT_TRUE(merged.graph.find("block.bn"));
    EXPECT_FALSE(merged.graph.find("block.rbr_reparam.bias")) << "nothing shifts";
    EXPECT_FALSE(merged.graph.find("block.scale_conv.weight"));
    expect_same_outputs(model, merged, 1e-6);
    const ir::Model deployed = deploy(model);
    EXPECT_EQ(deployed.graph.size(), 5U);
    expect_same_outputs(model, deployed, 1e-6);
  }
}

TEST(MergeRepBranches, JoinsAnAverageAndLeavesTheNormOfTheSum) {
  for (const Mode mode : {Mode::qarepvgg, Mode::qarepvgg_v1}) {
    const ir::Model model = block(mode, 4, 1);
    const ir::Model merged = merge_rep_branches(model);
    EXPECT_EQ(merged.graph.size(), 10U) << "images; weight, bias, convolution; four arrays, norm, relu";
    EXPECT_TRUE(merged.graph.find("block.bn"));
    expect_same_outputs(model, merged, 1e-6);
    const ir::Model deployed = deploy(model);
    EXPECT_EQ(ir::to_text(deployed.graph), ir::to_text(deploy(block(Mode::repvgg, 4, 1)).graph));
    expect_same_outputs(model, deployed, 1e-6);
  }
}

// By hand: 9 everywhere and 18 in the middle become shares of 1 and a middle of 1 + 18.
TEST(MergeRepBranches, AnAverageIsAKernelOfEqualNumbers) {
  ir::Model model = model_of(R"(images [1, 1, 4, 4] = Input() shape=1x1x4x4
w [1, 1, 3, 3] = Parameter() shape=1x1x3x3
small [1, 1, 4, 4] = Conv2d(images, w) pad=1x1
average [1, 1, 4, 4] = AvgPool2d(images)
nine [1] = Parameter() shape=1
scaled [1, 1, 4, 4] = ChannelScale(average, nine)
sum [1, 1, 4, 4] = Add(small, scaled)
output out = sum
)");
  model.weights.at("nine").floats() = {9};
  model.weights.at("w").floats() = {0, 0, 0, 0, 18, 0, 0, 0, 0};
  const ir::Model merged = merge_rep_branches(model);
  EXPECT_EQ(merged.weights.at("sum.rbr_reparam.weight").floats(),
            (std::vector<float>{1, 1, 1, 1, 19, 1, 1, 1, 1}));
}

TEST(MergeRepBranches, LeavesAnAverageThatDoesNotFitTheKernelAlone) {
  for (const char* pool : {" kernel=5x5 pad=2x2", " kernel=1x3 stride=1x1 pad=0x1"}) {
    const ir::Model model = model_of(fmt::format(R"(images [1, 2, 6, 6] = Input() shape=1x2x6x6
w [2, 2, 3, 3] = Parameter() shape=2x2x3x3
large [1, 2, 6, 6] = Conv2d(images, w) pad=1x1
average [1, 2, 6, 6] = AvgPool2d(images){}
sum [1, 2, 6, 6] = Add(large, average)
output out = sum
)",
                                                 pool));
    const ir::Model merged = merge_rep_branches(model);
    EXPECT_EQ(merged.graph.find("sum").has_value(), std::string_view(pool).starts_with(" kernel=5x5"));
    expect_same_outputs(model, merged, 1e-6);
  }
}

TEST(MergeRepBranches, LeavesASingleBranchAlone) {
  const ir::Model model = block(Mode::repopt, 4, 1);
  EXPECT_EQ(ir::to_text(merge_rep_branches(model).graph), ir::to_text(model.graph));
}

constexpr const char* kTwo = R"(images [1, 2, 6, 6] = Input() shape=1x2x6x6
w3 [2, 2, 3, 3] = Parameter() shape=2x2x3x3
large [1, 2, 6, 6] = Conv2d(images, w3) pad=1x1
w1 [2, 2, 1, 1] = Parameter() shape=2x2x1x1
small [1, 2, 6, 6] = Conv2d(images, w1)
)";

TEST(MergeRepBranches, LeavesSharedPartsAndOtherSourcesAlone) {
  for (const char* rest : {
           "sum [1, 2, 6, 6] = Add(large, small)\noutput out = sum\noutput tap = small\n",  // an output
                                                                                            // inside
           "relu [1, 2, 6, 6] = Relu(small)\nsum [1, 2, 6, 6] = Add(large, small)\noutput out = sum\noutput "
           "r = relu\n",
           "relu [1, 2, 6, 6] = Relu(small)\nsum [1, 2, 6, 6] = Add(large, relu)\noutput out = sum\n",
           "sum [1, 2, 6, 6] = Add(images, images)\noutput out = sum\n",  // no convolution
       }) {
    const ir::Model model = model_of(std::string(kTwo) + rest);
    const ir::Model merged = merge_rep_branches(model);
    EXPECT_TRUE(merged.graph.find("sum")) << rest;
    expect_same_outputs(model, merged, 0);
  }
}

TEST(MergeRepBranches, LeavesKernelsThatDoNotAlignAlone) {
  const ir::Model model = model_of(R"(images [1, 2, 6, 6] = Input() shape=1x2x6x6
w3 [2, 2, 3, 3] = Parameter() shape=2x2x3x3
large [1, 2, 4, 4] = Conv2d(images, w3)
w1 [2, 2, 1, 1] = Parameter() shape=2x2x1x1
small [1, 2, 4, 4] = Conv2d(images, w1) stride=2x2 pad=1x1
sum [1, 2, 4, 4] = Add(large, small)
output out = sum
)");
  EXPECT_EQ(ir::to_text(merge_rep_branches(model).graph), ir::to_text(model.graph));
}

TEST(MergeRepBranches, JoinsThePartOfASumThatCanBeJoined) {
  const ir::Model model = model_of(fmt::format(R"({}inner [1, 2, 6, 6] = Add(large, small)
relu [1, 2, 6, 6] = Relu(images)
sum [1, 2, 6, 6] = Add(inner, relu)
output out = sum
)",
                                               kTwo));
  const ir::Model merged = merge_rep_branches(model);
  EXPECT_TRUE(merged.graph.find("sum"));
  EXPECT_FALSE(merged.graph.find("inner"));
  EXPECT_TRUE(merged.graph.find("inner.rbr_reparam"));
  expect_same_outputs(model, merged, 1e-6);
}

TEST(MergeRepBranches, HandlesGroupsAndAnIdentity) {
  const ir::Model model = model_of(R"(images [1, 4, 6, 6] = Input() shape=1x4x6x6
w3 [4, 2, 3, 3] = Parameter() shape=4x2x3x3
large [1, 4, 6, 6] = Conv2d(images, w3) pad=1x1 groups=2
scale [4] = Parameter() shape=4
scaled [1, 4, 6, 6] = ChannelScale(images, scale)
sum [1, 4, 6, 6] = Add(scaled, large)
output out = sum
)");
  const ir::Model merged = merge_rep_branches(model);
  EXPECT_FALSE(merged.graph.find("sum"));
  expect_same_outputs(model, merged, 1e-6);
}

}  // namespace
}  // namespace y6q::passes
