#include "passes/insert_batch_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/errors.h"
#include "ir/queries.h"
#include "passes/fold_batch_norm.h"
#include "passes/insert_quantizers.h"
#include "passes/same_outputs.h"

namespace y6q::passes {
namespace {

/// Two folded convolutions and a prediction.
ir::Model folded_model() {
  return model_of(R"(images [1, 3, 6, 6] = Input() shape=1x3x6x6
a.conv.weight [4, 3, 3, 3] = Parameter() shape=4x3x3x3 @a
a.conv.bias [4] = Parameter() shape=4 @a
a.conv [1, 4, 6, 6] = Conv2d(images, a.conv.weight, a.conv.bias) pad=1x1 @a
a.relu [1, 4, 6, 6] = Relu(a.conv) @a
b.conv.weight [2, 4, 1, 1] = Parameter() shape=2x4x1x1 @b
b.conv.bias [2] = Parameter() shape=2 @b
b.conv [1, 2, 6, 6] = Conv2d(a.relu, b.conv.weight, b.conv.bias) @b
b.silu [1, 2, 6, 6] = Silu(b.conv) @b
c.weight [2, 2, 1, 1] = Parameter() shape=2x2x1x1 @c
c.bias [2] = Parameter() shape=2 @c
c [1, 2, 6, 6] = Conv2d(b.silu, c.weight, c.bias) @c
output cls0 = c
)");
}

ir::Model calibrated() {
  ir::Model model = insert_quantizers(folded_model(), {.rules = quant::rules_of(quant::Scheme::cpu)});
  for (const ir::Value value : ir::activation_quantizers(model.graph)) {
    model.weights.at(model.graph.node(model.graph.node(value).inputs[1]).name).floats() = {3};
  }
  return model;
}

/// Any moments will do; one channel never changes.
std::map<std::string, Moments> moments() {
  return {{"a.conv", {{0.5, -1, 0, 2}, {4, 0.25, 0, 1}}}, {"b.conv", {{0.1, 0.2}, {1, 9}}}};
}

TEST(InsertBatchNorm, ComputesTheSame) {
  const ir::Model model = calibrated(), with_norms = insert_batch_norm(model, moments());
  expect_same_outputs(model, with_norms, 1e-6);
  EXPECT_EQ(with_norms.weights.at("a.conv.weight").floats(), model.weights.at("a.conv.weight").floats());
  EXPECT_FALSE(with_norms.weights.contains("a.conv.bias"));
  EXPECT_TRUE(with_norms.weights.contains("c.bias")) << "predictions have none";
}

// mean 2 of results with the bias: without it 2 - bias. gain sqrt(1 + 1e-3).
TEST(InsertBatchNorm, StatisticsAreThoseOfTheConvolutionWithoutBias) {
  const ir::Model model = calibrated(), with_norms = insert_batch_norm(model, moments());
  EXPECT_NEAR(with_norms.weights.at("a.bn.running_mean").floats()[3],
              2 - model.weights.at("a.conv.bias").floats()[3], 1e-6);
  EXPECT_NEAR(with_norms.weights.at("a.bn.bias").floats()[3], 2, 1e-6);
  EXPECT_NEAR(with_norms.weights.at("a.bn.weight").floats()[3], std::sqrt(1.001), 1e-6);
  EXPECT_NEAR(with_norms.weights.at("a.bn.running_var").floats()[0], 4, 1e-6);
}

TEST(InsertBatchNorm, IsUndoneByFolding) {
  const ir::Model model = calibrated(), again = fold_batch_norm(insert_batch_norm(model, moments()));
  EXPECT_EQ(again.graph.size(), model.graph.size());
  expect_same_outputs(model, again, 1e-6);
  for (const auto& [name, array] : model.weights) {
    ASSERT_TRUE(again.weights.contains(name)) << name;
    for (size_t i = 0; i < array.floats().size(); ++i)
      EXPECT_NEAR(again.weights.at(name).floats()[i], array.floats()[i], 1e-6) << name << ' ' << i;
  }
}

TEST(InsertBatchNorm, FindsConvolutionsWithoutIt) {
  const ir::Model model = calibrated();
  std::vector<std::string> names;
  for (const ir::Value value : convolutions_without_norm(model.graph))
    names.push_back(model.graph.node(value).name);
  EXPECT_EQ(names, (std::vector<std::string>{"a.conv", "b.conv"}));
  EXPECT_TRUE(convolutions_without_norm(insert_batch_norm(model, moments()).graph).empty());
}

TEST(InsertBatchNorm, RefusesMomentsOfAnotherLayer) {
  EXPECT_THROW(insert_batch_norm(calibrated(), {{"b.conv", {{1}, {1}}}}), InternalError);
}

// Batch normalisation with a negative gain turns a channel's sign: codes do, too, and the range stays
// positive.
TEST(FoldBatchNorm, MultipliesRangesBehindAQuantizer) {
  ir::Model model = insert_batch_norm(calibrated(), moments());
  model.weights.at("b.bn.weight").floats() = {-2, 0.5};
  const ir::Model folded = fold_batch_norm(model);
  const auto &before = model.weights.at("b.conv.weight.amax").floats(),
             &after = folded.weights.at("b.conv.weight.amax").floats();
  EXPECT_NEAR(after[0], before[0] * 2 / std::sqrt(1.001), 1e-5);
  EXPECT_NEAR(after[1], before[1] * 0.5 / std::sqrt(9.001), 1e-5);
  expect_same_outputs(model, folded, 1e-6);
}

}  // namespace
}  // namespace y6q::passes
