#include "ir/queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ir/text.h"

namespace y6q::ir {
namespace {

/// A convolution with a quantized weight, one with a plain weight behind a quantized activation; a head.
Graph network() {
  return parse_graph(R"(images [1, 2, 4, 4] = Input() shape=1x2x4x4
x.amax [] = Parameter() trainable=false
x.quant [1, 2, 4, 4] = FakeQuant(images, x.amax)
a.weight [3, 2, 1, 1] = Parameter() shape=3x2x1x1
a.amax [3] = Parameter() shape=3 trainable=false
a.quant [3, 2, 1, 1] = FakeQuant(a.weight, a.amax) channel_axis=0
a [1, 3, 4, 4] = Conv2d(x.quant, a.quant)
whole.weight [4, 3, 1, 1] = Parameter() shape=4x3x1x1
whole.amax [] = Parameter() trainable=false
whole.quant [4, 3, 1, 1] = FakeQuant(whole.weight, whole.amax)
b [1, 4, 4, 4] = Conv2d(a, whole.quant)
c.amax [3] = Parameter() shape=3 trainable=false
c.quant [1, 3, 4, 4] = FakeQuant(a, c.amax) channel_axis=1
boxes [1, 16, 8] = Decode(a, b) strides=8
output outputs = boxes
output reg1 = x.quant
output feat0 = c.quant
)");
}

std::vector<std::string> names(const Graph& graph, bool (*is)(const Graph&, const Node&)) {
  std::vector<std::string> found;
  for (const Node& node : graph.nodes()) {
    if (is(graph, node)) found.push_back(node.name);
  }
  return found;
}

TEST(Queries, AQuantizerOfAParameterIsOneOfAWeightWhateverItsAxis) {
  EXPECT_THAT(names(network(), is_weight_quantizer), testing::ElementsAre("a.quant", "whole.quant"));
}

TEST(Queries, ActivationsHaveOneRangeATensor) {
  const Graph graph = network();
  EXPECT_THAT(names(graph, is_activation_quantizer), testing::ElementsAre("x.quant"));
  EXPECT_THAT(activation_quantizers(graph), testing::ElementsAre(*graph.find("x.quant")));
}

TEST(Queries, AQuantizedLayerHasBothOperandsQuantized) {
  EXPECT_THAT(names(network(), is_quantized_layer), testing::ElementsAre("a"));
  EXPECT_THAT(names(network(), is_float_layer), testing::ElementsAre("b"));
}

TEST(Queries, PredictionsAreNamedOutputsAndWhatIsDecoded) {
  const Graph graph = network();
  std::vector<std::string> predictions;
  for (uint32_t id = 0; id < graph.size(); ++id) {
    if (is_prediction(graph, {id})) predictions.push_back(graph[id].name);
  }
  EXPECT_THAT(predictions, testing::ElementsAre("x.quant", "a", "b"));
}

TEST(Queries, AGraphHasQuantizersOrNot) {
  EXPECT_TRUE(has_quantizers(network()));
  EXPECT_FALSE(
      has_quantizers(parse_graph("images [1, 2, 4, 4] = Input() shape=1x2x4x4\noutput out = images\n")));
}

TEST(Queries, ConvolutionsAndMaxPoolsAreLayers) {
  const auto node = [](const Op& op) {
    return Node{.name = {}, .owner = {}, .op = op, .inputs = {}, .shape = {}};
  };
  for (const Op& op : {Op(Conv2d{}), Op(ConvTranspose2d{})})
    EXPECT_TRUE(is_convolution(node(op)) && is_layer(node(op))) << op_name(op);
  EXPECT_TRUE(is_layer(node(MaxPool2d{})) && !is_convolution(node(MaxPool2d{})));
  for (const Op& op : {Op(AvgPool2d{}), Op(Add{}), Op(Relu{}), Op(Parameter{})})
    EXPECT_FALSE(is_layer(node(op))) << op_name(op);
}

TEST(Queries, ReluAloneIsHomogeneous) {
  EXPECT_TRUE(is_activation(Relu{}) && is_homogeneous(Relu{}));
  EXPECT_TRUE(is_activation(Silu{}) && !is_homogeneous(Silu{}));
  EXPECT_FALSE(is_homogeneous(Conv2d{}));
}

TEST(Queries, AnActivationThatAloneReadsAConvolutionIsPartOfIt) {
  const Graph graph = parse_graph(R"(images [1, 2, 4, 4] = Input() shape=1x2x4x4
w [2, 2, 1, 1] = Parameter() shape=2x2x1x1
a [1, 2, 4, 4] = Conv2d(images, w)
a.relu [1, 2, 4, 4] = Relu(a)
b [1, 2, 4, 4] = Conv2d(a.relu, w)
b.silu [1, 2, 4, 4] = Silu(b)
sum [1, 2, 4, 4] = Add(b, b.silu)
pool [1, 2, 4, 4] = MaxPool2d(sum) kernel=3x3 pad=1x1
pool.relu [1, 2, 4, 4] = Relu(pool)
output outputs = pool.relu
)");
  const auto activation_of = [&](const char* name) { return fused_activation(graph, *graph.find(name)); };
  ASSERT_NE(activation_of("a"), nullptr);
  EXPECT_EQ(*activation_of("a"), *graph.find("a.relu"));
  EXPECT_EQ(activation_of("b"), nullptr) << "Add reads it, too";
  EXPECT_EQ(activation_of("pool"), nullptr) << "no convolution";
  EXPECT_EQ(activation_of("pool.relu"), nullptr);
}

}  // namespace
}  // namespace y6q::ir
