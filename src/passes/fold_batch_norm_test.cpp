#include "passes/fold_batch_norm.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "passes/same_outputs.h"

namespace y6q::passes {
namespace {

constexpr const char* kNorm = R"(bn.weight [4] = Parameter() shape=4 @unit
bn.bias [4] = Parameter() shape=4 @unit
bn.running_mean [4] = Parameter() shape=4 trainable=false @unit
bn.running_var [4] = Parameter() shape=4 trainable=false @unit
bn [1, 4, 5, 5] = BatchNorm(conv, bn.weight, bn.bias, bn.running_mean, bn.running_var) @unit
)";

TEST(FoldBatchNorm, MovesItIntoTheConvolution) {
  const ir::Model model = model_of(fmt::format(R"(images [1, 3, 5, 5] = Input() shape=1x3x5x5
conv.weight [4, 3, 3, 3] = Parameter() shape=4x3x3x3 @unit
conv [1, 4, 5, 5] = Conv2d(images, conv.weight) pad=1x1 @unit
{}relu [1, 4, 5, 5] = Relu(bn) @unit
output out = relu
)",
                                               kNorm));
  const ir::Model folded = fold_batch_norm(model);
  EXPECT_EQ(ir::to_text(folded.graph), R"(images [1, 3, 5, 5] = Input() shape=1x3x5x5
conv.weight [4, 3, 3, 3] = Parameter() shape=4x3x3x3 @unit
conv.bias [4] = Parameter() shape=4 @unit
conv [1, 4, 5, 5] = Conv2d(images, conv.weight, conv.bias) pad=1x1 @unit
relu [1, 4, 5, 5] = Relu(conv) @unit
output out = relu
)");
  expect_same_outputs(model, folded, 1e-6);
}

TEST(FoldBatchNorm, KeepsABiasThatIsThereAndAnOutputOfTheNorm) {
  const ir::Model model = model_of(fmt::format(R"(images [1, 4, 5, 5] = Input() shape=1x4x5x5
conv.weight [4, 2, 1, 1] = Parameter() shape=4x2x1x1 @unit
conv.bias [4] = Parameter() shape=4 @unit
conv [1, 4, 5, 5] = Conv2d(images, conv.weight, conv.bias) groups=2 @unit
{}output out = bn
)",
                                               kNorm));
  const ir::Model folded = fold_batch_norm(model);
  EXPECT_EQ(folded.graph.size(), 4U);
  EXPECT_EQ(folded.weights.size(), 2U);
  expect_same_outputs(model, folded, 1e-6);
}

// W' = W g / sqrt(v + eps), b' = b - m g / sqrt(v + eps), by hand.
TEST(FoldBatchNorm, GivesTheNumbersOfTheFormula) {
  ir::Model model = model_of(R"(images [1, 1, 2, 2] = Input() shape=1x1x2x2
w [1, 1, 1, 1] = Parameter() shape=1x1x1x1
conv [1, 1, 2, 2] = Conv2d(images, w)
g [1] = Parameter() shape=1
b [1] = Parameter() shape=1
m [1] = Parameter() shape=1
var [1] = Parameter() shape=1
bn [1, 1, 2, 2] = BatchNorm(conv, g, b, m, var) eps=1
output out = bn
)");
  const auto set = [&](const char* name, float value) { model.weights.at(name).floats() = {value}; };
  set("w", 5), set("g", 4), set("b", 10), set("m", 3), set("var", 3);
  const ir::Model folded = fold_batch_norm(model);
  EXPECT_EQ(folded.weights.at("w").floats()[0], 10);
  EXPECT_EQ(folded.weights.at("conv.bias").floats()[0], 4);
}

TEST(FoldBatchNorm, LeavesSharedConvolutionsAlone) {
  const std::string start = R"(images [1, 3, 5, 5] = Input() shape=1x3x5x5
conv.weight [4, 3, 3, 3] = Parameter() shape=4x3x3x3 @unit
conv [1, 4, 5, 5] = Conv2d(images, conv.weight) pad=1x1 @unit
)";
  for (const char* end :
       {"relu [1, 4, 5, 5] = Relu(conv)\noutput out = bn\noutput other = relu\n",  // another reader
        "output out = bn\noutput tap = conv\n",                                    // an output
        "again [1, 4, 5, 5] = Conv2d(images, conv.weight) pad=1x1\noutput out = bn\noutput b = again\n"}) {
    const ir::Model model = model_of(start + kNorm + end);
    const ir::Model folded = fold_batch_norm(model);
    EXPECT_EQ(ir::to_text(folded.graph), ir::to_text(model.graph));
    EXPECT_EQ(folded.weights, model.weights);
  }
}

TEST(FoldBatchNorm, LeavesANormBehindAnythingElseAlone) {
  const ir::Model model =
      model_of(fmt::format("conv [1, 4, 5, 5] = Input() shape=1x4x5x5\n{}output out = bn\n", kNorm));
  EXPECT_EQ(ir::to_text(fold_batch_norm(model).graph), ir::to_text(model.graph));
}

}  // namespace
}  // namespace y6q::passes
