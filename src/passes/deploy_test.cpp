#include "passes/deploy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "ir/queries.h"
#include "models/yolov6.h"
#include "passes/insert_quantizers.h"
#include "passes/same_outputs.h"
#include "passes/share_ranges.h"

namespace y6q::passes {
namespace {

using models::Mode;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

template <typename Op>
int64_t count(const ir::Graph& graph) {
  return std::count_if(graph.nodes().begin(), graph.nodes().end(),
                       [](const ir::Node& node) { return std::holds_alternative<Op>(node.op); });
}

/// The whole network with lively numbers at a size the interpreter can bear.
ir::Model network(Mode mode, int64_t side) {
  ir::Model model = models::yolov6({.mode = mode, .class_count = 2, .image_size = {side, side}});
  Random random(4);
  for (auto& [name, array] : model.weights) {
    const bool variance = name.ends_with("running_var"), norm = array.shape.size() == 1;
    if (!norm) continue;
    for (float& value : array.floats()) {
      const double wiggle = random.uniform(-0.2, 0.2);
      value += static_cast<float>(variance ? std::abs(wiggle) : wiggle);
    }
  }
  return model;
}

class DeployModes : public testing::TestWithParam<Mode> {};

TEST_P(DeployModes, ComputesTheSameWithOneConvolutionABlock) {
  const ir::Model model = network(GetParam(), 32), deployed = deploy(model);
  EXPECT_EQ(count<ir::BatchNorm>(deployed.graph), 0);
  EXPECT_EQ(count<ir::Add>(deployed.graph), 0);
  EXPECT_EQ(count<ir::ChannelScale>(deployed.graph), 0);
  EXPECT_EQ(count<ir::Conv2d>(deployed.graph), 56);  // spec/04 §2: 56 convolutions, 2 transposed
  EXPECT_EQ(deployed.weights.size(), 116U);          // weight and bias of each
  expect_same_outputs(model, deployed, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(All, DeployModes,
                         testing::Values(Mode::repopt, Mode::hyper_search, Mode::repvgg, Mode::qarepvgg,
                                         Mode::qarepvgg_v1, Mode::repvgg_deploy));

TEST(Deploy, NamesAreThoseOfTheDeployForm) {
  const ir::Model built = models::yolov6({.mode = Mode::repvgg_deploy, .image_size = {64, 64}});
  for (const Mode mode : {Mode::repvgg, Mode::qarepvgg, Mode::qarepvgg_v1}) {
    const ir::Model merged = deploy(models::yolov6({.mode = mode, .image_size = {64, 64}}));
    EXPECT_EQ(ir::to_text(merged.graph), ir::to_text(built.graph)) << name_of(mode);
    EXPECT_EQ(ir::parameter_count(merged), 4'317'246 - 34);  // spec/01 §3.6, without proj
  }
}

TEST(Deploy, ListsItsPasses) {
  std::vector<std::string_view> names;
  for (const Pass& pass : deploy_passes()) names.push_back(pass.name);
  EXPECT_THAT(names, ElementsAre("merge_rep_branches", "fold_batch_norm"));
}

/// Each quantizer by the name of what it quantizes.
std::vector<std::vector<std::string>> names_of_sources(const ir::Graph& graph) {
  std::vector<std::vector<std::string>> groups;
  for (const auto& group : range_groups(graph)) {
    groups.emplace_back();
    for (const ir::Value member : group)
      groups.back().push_back(graph.node(graph.node(member).inputs[0]).name);
  }
  return groups;
}

// spec/05 §3, groups 1 to 5, as tensors instead of layers; its groups 6 to 8 are one tensor with one
// quantizer here.
TEST(QuantizedYolov6, HasTheGroupsOfTheSpecification) {
  for (const char* architecture : {"yolov6n", "yolov6s"}) {
    const ir::Model model =
        insert_quantizers(deploy(models::yolov6({.architecture = architecture, .image_size = {64, 64}})), {});
    EXPECT_THAT(names_of_sources(model.graph),
                UnorderedElementsAre(
                    ElementsAre("backbone.ERBlock_5.2.sppf.cv1.relu", "backbone.ERBlock_5.2.sppf.m.0",
                                "backbone.ERBlock_5.2.sppf.m.1", "backbone.ERBlock_5.2.sppf.m.2",
                                "backbone.ERBlock_5.2.sppf.concat"),
                    ElementsAre("backbone.ERBlock_4.1.block.4.relu", "neck.upsample0.upsample_transpose",
                                "neck.concat_p4"),
                    ElementsAre("backbone.ERBlock_3.1.block.2.relu", "neck.upsample1.upsample_transpose",
                                "neck.concat_p3"),
                    ElementsAre("neck.reduce_layer1.relu", "neck.downsample2.relu", "neck.concat_n3"),
                    ElementsAre("neck.reduce_layer0.relu", "neck.downsample1.relu", "neck.concat_n4")));
  }
}

// Read quantized: 50 convolutions without the predictions, of which 5 share their source with another (cls
// and reg of a level; N3 and N4): 45 tensors; two sources and two results of the upsamples, two downsampled
// maps, the three pools' sources and the last one's result: 10 more.
TEST(QuantizedYolov6, HasOneQuantizerATensor) {
  const ir::Model model = deploy(models::yolov6({.image_size = {64, 64}}));
  EXPECT_EQ(quantizable_layers(model.graph).size(), 56U + 2 + 3);
  const auto count = [&](const QuantPolicy& policy) {
    return ir::activation_quantizers(insert_quantizers(model, policy).graph).size();
  };
  EXPECT_EQ(count({.rules = quant::rules_of(quant::Scheme::cpu)}), 55U);
  EXPECT_EQ(count({}), 61U) << "what the last six integer layers write is read by predictions alone";
  EXPECT_EQ(count({.float_predictions = false}), 61U);
}

}  // namespace
}  // namespace y6q::passes
