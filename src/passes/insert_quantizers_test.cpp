#include "passes/insert_quantizers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/errors.h"
#include "ir/queries.h"
#include "passes/same_outputs.h"
#include "passes/share_ranges.h"
#include "passes/strip_quantizers.h"

namespace y6q::passes {
namespace {

using quant::Scheme;
using testing::ElementsAre;

/// A neck in small: relu'd features c and an upsampled u are concatenated; pool and conv behind; a
/// prediction.
constexpr const char* kNeck = R"(images [1, 2, 4, 4] = Input() shape=1x2x4x4
conv.weight [2, 2, 1, 1] = Parameter() shape=2x2x1x1 @stem
conv.bias [2] = Parameter() shape=2 @stem
conv [1, 2, 4, 4] = Conv2d(images, conv.weight, conv.bias) @stem
relu [1, 2, 4, 4] = Relu(conv) @stem
down.weight [2, 2, 2, 2] = Parameter() shape=2x2x2x2
down [1, 2, 2, 2] = Conv2d(relu, down.weight) stride=2x2
up.weight [2, 3, 2, 2] = Parameter() shape=2x3x2x2
up [1, 3, 4, 4] = ConvTranspose2d(down, up.weight)
concat [1, 5, 4, 4] = Concat(up, relu)
last.weight [2, 5, 1, 1] = Parameter() shape=2x5x1x1
last [1, 2, 4, 4] = Conv2d(concat, last.weight)
silu [1, 2, 4, 4] = Silu(last)
pred.weight [3, 2, 1, 1] = Parameter() shape=3x2x1x1
pred [1, 3, 4, 4] = Conv2d(silu, pred.weight)
output cls0 = pred
output feat0 = relu
)";

std::vector<std::string> quantizers(const ir::Graph& graph) {
  std::vector<std::string> names;
  for (const ir::Value value : ir::activation_quantizers(graph)) {
    const ir::Node& node = graph.node(value);
    names.push_back(node.name + (std::get<ir::FakeQuant>(node.op).is_signed ? "" : " unsigned"));
  }
  return names;
}

TEST(InsertQuantizers, PutsOneOnEachTensorThatIsReadQuantized) {
  const ir::Model model = model_of(R"(images [1, 2, 4, 4] = Input() shape=1x2x4x4
conv.weight [3, 2, 1, 1] = Parameter() shape=3x2x1x1 @stem
conv.bias [3] = Parameter() shape=3 @stem
conv [1, 3, 4, 4] = Conv2d(images, conv.weight, conv.bias) @stem
pool [1, 3, 4, 4] = MaxPool2d(conv)
output out = pool
)");
  EXPECT_EQ(ir::to_text(insert_quantizers(model, {}).graph), R"(images [1, 2, 4, 4] = Input() shape=1x2x4x4
images.amax [] = Parameter() trainable=false
images.quant [1, 2, 4, 4] = FakeQuant(images, images.amax) half_scale=true
conv.weight [3, 2, 1, 1] = Parameter() shape=3x2x1x1 @stem
conv.bias [3] = Parameter() shape=3 @stem
conv.weight.amax [3] = Parameter() shape=3 trainable=false @stem
conv.weight.quant [3, 2, 1, 1] = FakeQuant(conv.weight, conv.weight.amax) channel_axis=0 half_scale=true @stem
conv [1, 3, 4, 4] = Conv2d(images.quant, conv.weight.quant, conv.bias) @stem
conv.amax [] = Parameter() trainable=false @stem
conv.quant [1, 3, 4, 4] = FakeQuant(conv, conv.amax) half_scale=true @stem
pool [1, 3, 4, 4] = MaxPool2d(conv.quant)
output out = pool
)");
}

TEST(InsertQuantizers, FollowsThePlacementOfTensorRt) {
  const ir::Model quantized = insert_quantizers(model_of(kNeck), {});
  ir::validate(quantized);
  EXPECT_THAT(quantizers(quantized.graph), ElementsAre("images.quant", "relu.quant", "down.quant", "up.quant",
                                                       "concat.quant", "silu.quant"));
  const ir::Graph& graph = quantized.graph;
  EXPECT_FALSE(graph.find("pred.weight.quant")) << "predictions stay float";
  EXPECT_EQ(graph.node(*graph.find("pred")).inputs[0], *graph.find("silu.quant"))
      << "what an integer layer writes is rounded for all";
  EXPECT_EQ(graph.find_output("feat0"), graph.find("relu")) << "taps stay unquantized";
}

TEST(InsertQuantizers, TheCpuSchemeRoundsOnlyWhatIsReadQuantized) {
  const ir::Model quantized = insert_quantizers(model_of(kNeck), {.rules = quant::rules_of(Scheme::cpu)});
  const ir::Graph& graph = quantized.graph;
  EXPECT_EQ(graph.node(*graph.find("pred")).inputs[0], *graph.find("silu"));
}

TEST(InsertQuantizers, WeightsOfTransposedConvolutionsAreAsTheRulesSay) {
  const auto placed = [](quant::Transposed transposed) {
    return insert_quantizers(model_of(kNeck), {.rules = {.transposed = transposed}}).graph;
  };
  const auto axis = [](const ir::Graph& graph) {
    return std::get<ir::FakeQuant>(graph.node(*graph.find("up.weight.quant")).op).channel_axis;
  };
  EXPECT_EQ(axis(placed(quant::Transposed::per_channel)), 1);
  EXPECT_EQ(axis(placed(quant::Transposed::per_tensor)), -1);
  const ir::Graph in_float = placed(quant::Transposed::unquantized);
  EXPECT_FALSE(in_float.find("up.weight.quant"));
  EXPECT_EQ(in_float.node(*in_float.find("up")).inputs[0], *in_float.find("down"));
}

TEST(InsertQuantizers, AnActivationThatSharesItsConvolutionIsNoPartOfIt) {
  const ir::Model model = model_of(R"(images [1, 2, 4, 4] = Input() shape=1x2x4x4
w [2, 2, 1, 1] = Parameter() shape=2x2x1x1
conv [1, 2, 4, 4] = Conv2d(images, w)
relu [1, 2, 4, 4] = Relu(conv)
sum [1, 2, 4, 4] = Add(conv, relu)
output out = sum
)");
  const ir::Graph graph = insert_quantizers(model, {}).graph;
  EXPECT_THAT(quantizers(graph), ElementsAre("images.quant", "conv.quant"));
  EXPECT_EQ(graph.node(*graph.find("relu")).inputs[0], *graph.find("conv.quant"));
}

TEST(InsertQuantizers, WeightRangesAreTheLargestMagnitudesOfOutputChannels) {
  ir::Model model = model_of(kNeck);
  auto& conv = model.weights.at("conv.weight").floats();  // [2, 2, 1, 1]
  conv = {0.5F, -3, 0, 0};
  auto& up = model.weights.at("up.weight").floats();  // [2, 3, 2, 2]
  std::fill(up.begin(), up.end(), 0.125F);
  up[1 * 12 + 2 * 4 + 3] = -7;  // input 1, output 2
  const ir::Model quantized = insert_quantizers(model, {.rules = {}});
  EXPECT_THAT(quantized.weights.at("conv.weight.amax").floats(), ElementsAre(3, 0));
  EXPECT_THAT(quantized.weights.at("up.weight.amax").floats(), ElementsAre(0.125F, 0.125F, 7));
  EXPECT_THAT(quantized.weights.at("images.amax").floats(), ElementsAre(0));
  const ir::Model tensorrt = insert_quantizers(model, {});
  // By hand: 3 / 127 lies between 1548 and 1549 steps of 2^-16, 7 / 127 between 1806 and 1807 of 2^-15.
  EXPECT_THAT(tensorrt.weights.at("conv.weight.amax").floats(), ElementsAre(127 * 1549 * 0x1p-16F, 0));
  EXPECT_THAT(tensorrt.weights.at("up.weight.amax").floats(), ElementsAre(127 * 1807 * 0x1p-15F));
}

/// Bits of the weight quantizers of a graph, each once.
std::set<int64_t> weight_bits_of(const ir::Graph& graph) {
  std::set<int64_t> bits;
  for (const ir::Node& node : graph.nodes()) {
    const auto* quantizer = std::get_if<ir::FakeQuant>(&node.op);
    if (quantizer && quantizer->channel_axis >= 0) bits.insert(quantizer->bits);
  }
  return bits;
}

TEST(InsertQuantizers, WeightsHaveTheBitsOfTheSchemeOrThoseThatAreWanted) {
  const ir::Model model = model_of(kNeck);
  const auto bits = [&](const QuantPolicy& policy) {
    return weight_bits_of(insert_quantizers(model, policy).graph);
  };
  EXPECT_EQ(bits({.rules = quant::rules_of(Scheme::tensorrt)}), std::set<int64_t>{8});
  EXPECT_EQ(bits({.rules = quant::rules_of(Scheme::cpu)}), std::set<int64_t>{7});
  EXPECT_EQ(bits({.rules = quant::rules_of(Scheme::cpu, {.weight_bits = 8})}), std::set<int64_t>{8});
  EXPECT_THROW(bits({.rules = quant::rules_of(Scheme::tensorrt, {.weight_bits = 7})}), UsageError);
}

TEST(InsertQuantizers, CpuSchemeIsUnsignedWhereNothingIsNegative) {
  const ir::Model quantized = insert_quantizers(model_of(kNeck), {.rules = quant::rules_of(Scheme::cpu)});
  EXPECT_THAT(quantizers(quantized.graph), ElementsAre("images.quant unsigned", "relu.quant unsigned",
                                                       "down.quant", "up.quant", "concat.quant"));
  const ir::Model pooled = insert_quantizers(model_of(R"(images [1, 2, 4, 4] = Input() shape=1x2x4x4
relu [1, 2, 4, 4] = Relu(images)
pool [1, 2, 4, 4] = MaxPool2d(relu)
concat [1, 4, 4, 4] = Concat(relu, pool)
w [1, 4, 1, 1] = Parameter() shape=1x4x1x1
conv [1, 1, 4, 4] = Conv2d(concat, w)
output out = conv
)"),
                                             {.rules = quant::rules_of(Scheme::cpu)});
  EXPECT_THAT(quantizers(pooled.graph),
              ElementsAre("relu.quant unsigned", "pool.quant unsigned", "concat.quant unsigned"));
}

TEST(InsertQuantizers, KeepsLayersInFloat) {
  const QuantPolicy policy{.keep_float = {"last", "up"}};
  const ir::Model quantized = insert_quantizers(model_of(kNeck), policy);
  EXPECT_THAT(quantizers(quantized.graph), ElementsAre("images.quant", "relu.quant", "down.quant"))
      << "nothing reads the concatenation in INT8, so it has none, and `up` writes no integers";
  const ir::Model cpu = insert_quantizers(
      model_of(kNeck), {.rules = quant::rules_of(Scheme::cpu), .keep_float = {"last", "up"}});
  EXPECT_THAT(quantizers(cpu.graph), ElementsAre("images.quant unsigned", "relu.quant unsigned"));
  EXPECT_FALSE(quantized.graph.find("last.weight.quant"));
  const ir::Model all = insert_quantizers(model_of(kNeck), {.float_predictions = false});
  EXPECT_TRUE(all.graph.find("pred.weight.quant"));
  EXPECT_TRUE(all.graph.find("silu.quant"));
}

TEST(InsertQuantizers, RefusesUnknownLayersAndQuantizedModels) {
  const ir::Model model = model_of(kNeck);
  EXPECT_THROW(insert_quantizers(model, {.keep_float = {"relu"}}), UsageError);
  EXPECT_THROW(insert_quantizers(insert_quantizers(model, {}), {}), UnsupportedError);
  EXPECT_THAT(quantizable_layers(model.graph), ElementsAre("conv", "down", "up", "last", "pred"));
}

TEST(InsertQuantizers, BeforeCalibrationQuantizedActivationsAreZero) {
  const ir::Model quantized = insert_quantizers(model_of(kNeck), {});
  const ir::Tensor last = ir::interpret_all(quantized, random_images(quantized)).at("last");
  EXPECT_THAT(last.data, testing::Each(0));
}

TEST(StripQuantizers, UndoesTheInsertion) {
  const ir::Model model = model_of(kNeck);
  for (const Scheme scheme : {Scheme::tensorrt, Scheme::cpu}) {
    const ir::Model back = strip_quantizers(insert_quantizers(model, {.rules = quant::rules_of(scheme)}));
    EXPECT_EQ(ir::to_text(back.graph), ir::to_text(model.graph));
    EXPECT_EQ(back.weights, model.weights);
  }
}

TEST(StripQuantizers, LeavesAFloatModelAlone) {
  const ir::Model model = model_of(kNeck);
  EXPECT_EQ(ir::to_text(strip_quantizers(model).graph), ir::to_text(model.graph));
}

std::vector<std::vector<std::string>> group_names(const ir::Graph& graph) {
  std::vector<std::vector<std::string>> groups;
  for (const auto& group : range_groups(graph)) {
    groups.emplace_back();
    for (const ir::Value member : group) groups.back().push_back(graph.node(member).name);
  }
  return groups;
}

TEST(ShareRanges, AConcatenationHasOneRange) {
  ir::Model model = insert_quantizers(model_of(kNeck), {.rules = quant::rules_of(Scheme::cpu)});
  EXPECT_THAT(group_names(model.graph), ElementsAre(ElementsAre("relu.quant", "up.quant", "concat.quant")));
  const auto set = [&](const char* name, float value) { model.weights.at(name).floats() = {value}; };
  set("images.amax", 9), set("relu.amax", 1), set("down.amax", 8), set("up.amax", 1.5F),
      set("concat.amax", 0.25F);
  const ir::Model shared = share_ranges(model);
  for (const char* name : {"relu.amax", "up.amax", "concat.amax"}) {
    EXPECT_EQ(shared.weights.at(name).floats()[0], 1.5F) << name;
  }
  EXPECT_EQ(shared.weights.at("images.amax").floats()[0], 9);
  EXPECT_EQ(shared.weights.at("down.amax").floats()[0], 8);
  EXPECT_THAT(quantizers(shared.graph),
              ElementsAre("images.quant unsigned", "relu.quant", "down.quant", "up.quant", "concat.quant"));
  EXPECT_EQ(ir::to_text(share_ranges(shared).graph), ir::to_text(shared.graph));
  EXPECT_EQ(share_ranges(shared).weights, shared.weights);
}

TEST(ShareRanges, ValuesThatFitAreJoinedWithoutFurtherRounding) {
  ir::Model model = insert_quantizers(model_of(kNeck), {});
  for (auto& [name, array] : model.weights) {
    if (array.shape.empty()) array.floats() = {name == "up.amax" ? 3.0F : 2.0F};
  }
  const auto nodes = ir::interpret_all(share_ranges(model), random_images(model));
  EXPECT_EQ(nodes.at("concat").data, nodes.at("concat.quant").data);
}

TEST(ShareRanges, PoolsInARowShareWithTheirConcatenation) {
  const ir::Model model = insert_quantizers(model_of(R"(images [1, 2, 4, 4] = Input() shape=1x2x4x4
w [2, 2, 1, 1] = Parameter() shape=2x2x1x1
cv1 [1, 2, 4, 4] = Conv2d(images, w)
m.0 [1, 2, 4, 4] = MaxPool2d(cv1)
m.1 [1, 2, 4, 4] = MaxPool2d(m.0)
concat [1, 6, 4, 4] = Concat(cv1, m.0, m.1)
v [1, 6, 1, 1] = Parameter() shape=1x6x1x1
cv2 [1, 1, 4, 4] = Conv2d(concat, v)
output out = cv2
)"),
                                            {});
  EXPECT_THAT(group_names(model.graph),
              ElementsAre(ElementsAre("cv1.quant", "m.0.quant", "m.1.quant", "concat.quant")));
}

TEST(ShareRanges, LeavesWhatIsNotQuantizedThroughoutAlone) {
  const ir::Model model = model_of(R"(images [1, 2, 4, 4] = Input() shape=1x2x4x4
a.amax [] = Parameter() shape=scalar trainable=false
a [1, 2, 4, 4] = FakeQuant(images, a.amax)
relu [1, 2, 4, 4] = Relu(images)
half [1, 4, 4, 4] = Concat(a, relu)
half.amax [] = Parameter() shape=scalar trainable=false
half.quant [1, 4, 4, 4] = FakeQuant(half, half.amax)
lone [1, 4, 4, 4] = Concat(a, a)
output out = half.quant
output other = lone
)");
  EXPECT_TRUE(range_groups(model.graph).empty());
  EXPECT_EQ(share_ranges(model).weights, model.weights);
  expect_same_outputs(model, share_ranges(model), 0);
}

}  // namespace
}  // namespace y6q::passes
