// A simulated network and its engine, layer by layer: goal B4, and what happens when one layer is another
// one.
#include "stages/compare.h"

#include <gmock/gmock.h>

#include <cmath>

#include "base/errors.h"
#include "data/data_yaml.h"
#include "data/synth.h"
#include "engine/engine.h"
#include "formats/model_file.h"
#include "pipeline/yolov6_networks.h"
#include "stages/export.h"
#include "support/folder.h"

namespace y6q::pipeline {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Compare : public testing::Test {
 protected:
  void SetUp() override {
    if (!engine::supports(engine::Kind::openvino, engine::Precision::fp32))
      GTEST_SKIP() << "built without OpenVINO";
    data::write_synth(
        {.out = folder_ / "set", .train = 1, .val = 4, .test = 1, .image_size = kSize, .classes = 3},
        silent_monitor());
  }

  /// With the taps that training leaves in it, which no ONNX file has.
  fs::path model_file(const std::string& name, const ir::Model& network, const std::string& scheme) {
    const fs::path path = folder_ / name;
    const ir::Model maps = passes::select_outputs(
        network, {"cls0", "cls1", "cls2", "reg0", "reg1", "reg2", "feat0", "feat1", "feat2"});
    formats::write_model(path, {maps,
                                {.architecture = "yolov6n",
                                 .mode = "repvgg_deploy",
                                 .class_names = data::read_data_yaml(folder_ / "set/data.yaml").names,
                                 .image_size = {kSize, kSize},
                                 .scheme = scheme}});
    return path;
  }

  fs::path onnx_file(const std::string& name, const ir::Model& network, const std::string& scheme) {
    const fs::path path = folder_ / name;
    stages::export_onnx({.weights = model_file(name + ".safetensors", network, scheme),
                         .out = path,
                         .form = scheme.empty() ? stages::ExportForm::plain : stages::ExportForm::qdq});
    return path;
  }

  stages::Comparison compare(const fs::path& first, const fs::path& second) {
    stages::Run run({.data = folder_ / "set/data.yaml", .reading = {.sole_split = true}, .threads = 1},
                    silent_monitor());
    return stages::compare({.first = first, .second = second, .images = 2, .bootstrap = {.replicates = 20}},
                           run);
  }

  ir::Model quantized() {
    return quantized_network(decoded_network(), random_images({1, 3, kSize, kSize}, 12),
                             {.rules = quant::rules_of(quant::Scheme::cpu)});
  }

  const support::Folder folder_;
};

TEST_F(Compare, EveryLayerOfTheEngineIsTheSimulatedOneOnItsOwnInputs) {
  const ir::Model network = quantized();
  const stages::Comparison result =
      compare(model_file("a.safetensors", network, "cpu"), onnx_file("b.onnx", network, "cpu"));
  EXPECT_THAT(result.only_first, IsEmpty());
  EXPECT_THAT(result.only_second, IsEmpty());
  EXPECT_EQ(result.images, 2);
  // All layers but the 6 predictions are quantized, as the images are.
  int64_t codes = 0;
  for (const stages::TensorComparison& row : result.tensors) {
    ASSERT_TRUE(row.alone) << row.tensor.name;
    EXPECT_FALSE(row.parts()) << row.tensor.name << ' ' << row.alone->equal_codes;
    codes += row.codes;
  }
  EXPECT_GE(codes, 52);
  EXPECT_EQ(result.first_to_part(), nullptr);
}

TEST_F(Compare, WeightsHalfWayBetweenTwoCodesAreTheSameInTheEngine) {
  ir::Model network = quantized();
  const std::string layer = "backbone.ERBlock_3.1.block.0.conv";
  const float step = network.weights.at(layer + ".weight.amax").floats()[0] / 63;
  std::vector<float>& weights = network.weights.at(layer + ".weight").floats();
  // As many floats on either side of the middle: of its first channel.
  const size_t channel = weights.size() / network.weights.at(layer + ".weight.amax").floats().size();
  for (size_t i = 0; i < channel; ++i) {
    const float middle = step * (static_cast<float>(i % 60) - 29.5F);
    weights[i] = std::nextafter(middle, i % 2 == 0 ? -INFINITY : INFINITY);
  }
  const stages::Comparison result =
      compare(model_file("a.safetensors", network, "cpu"), onnx_file("b.onnx", network, "cpu"));
  EXPECT_EQ(result.parting_count(), 0);
}

TEST_F(Compare, ALayerThatIsAnotherOneIsFoundAndNoLayerBehindIt) {
  const ir::Model network = quantized();
  ir::Model changed = network;
  const std::string layer = "backbone.ERBlock_3.1.block.0.conv";
  for (float& value : changed.weights.at(layer + ".bias").floats()) value += 0.25F;
  const stages::Comparison result =
      compare(model_file("a.safetensors", network, "cpu"), onnx_file("b.onnx", changed, "cpu"));
  std::vector<std::string> parted;
  for (const stages::TensorComparison& row : result.tensors) {
    if (row.parts()) parted.push_back(row.tensor.name);
  }
  ASSERT_EQ(parted.size(), 1U) << testing::PrintToString(parted);
  EXPECT_THAT(parted[0], HasSubstr("backbone.ERBlock_3.1.block.0"));
  ASSERT_NE(result.first_to_part(), nullptr);
  EXPECT_THAT(result.first_to_part()->tensor.op, HasSubstr("Conv2d"));
  // Run as a whole, what lies behind it differs as well.
  EXPECT_LT(result.tensors[result.tensors.size() / 2].run.equal_codes, 0.999);
}

TEST_F(Compare, TwoEnginesOfOneFileAreEqualToTheBit) {
  const fs::path file = onnx_file("a.onnx", decoded_network(), "");
  const stages::Comparison result = compare(file, file);
  for (const stages::TensorComparison& row : result.tensors) EXPECT_EQ(row.run.largest, 0) << row.tensor.name;
  EXPECT_EQ(result.detections.first, result.detections.matched);
  EXPECT_EQ(result.detections.second, result.detections.matched);
  EXPECT_EQ(result.accuracy.stats[0].difference.value, 0);
}

TEST_F(Compare, AFloatNetworkAndItsQuantizedOneAreComparedByTheirCommonTensors) {
  const stages::Comparison result = compare(model_file("a.safetensors", decoded_network(), ""),
                                            model_file("b.safetensors", quantized(), "cpu"));
  EXPECT_GE(result.tensors.size(), 52U);
  for (const stages::TensorComparison& row : result.tensors) {
    EXPECT_FALSE(row.alone) << row.tensor.name;
    EXPECT_LT(row.run.mean, 0.1 * row.run.magnitude) << row.tensor.name;
  }
}

TEST_F(Compare, NetworksOfOtherSizesAreRefused) {
  const ir::Model network = decoded_network();
  const fs::path file = model_file("a.safetensors", network, "");
  const ir::Model larger = ir::with_input_shape(network, {1, 3, 96, 96});
  formats::write_model(folder_ / "b.safetensors",
                       {passes::select_outputs(larger, {"cls0", "cls1", "cls2", "reg0", "reg1", "reg2"}),
                        {.architecture = "yolov6n",
                         .mode = "repvgg_deploy",
                         .class_names = data::read_data_yaml(folder_ / "set/data.yaml").names,
                         .image_size = {96, 96}}});
  EXPECT_THROW(compare(file, folder_ / "b.safetensors"), InputError);
}

TEST(CompareGoals, AreMissedBeyondTheirBoundsAndNotAtThem) {
  stages::Comparison result;
  const auto add = [&](const char* name, const stages::Difference& difference) {
    stages::TensorComparison row{{}, true, difference};
    row.tensor.name = name;
    result.tensors.push_back(row);
  };
  add("same", {.equal_codes = 0.9995});
  add("moved", {.equal_codes = 0.99});
  add("far", {.largest_code_difference = 2});
  result.accuracy.stats[0].difference.value = 0.001953125;  // 0.1953125 points, to the bit
  EXPECT_EQ(result.parting_count(), 2);
  EXPECT_NO_THROW(stages::require_goals(result, {}));
  EXPECT_NO_THROW(stages::require_goals(result, {.max_drop = 0.1953125, .max_parting = 2}));
  EXPECT_THAT(
      [&] { stages::require_goals(result, {.max_parting = 1}); },
      testing::ThrowsMessage<GoalMissed>(testing::AllOf(HasSubstr("2 tensors part"), HasSubstr("moved"))));
  for (const double sign : {1.0, -1.0}) {
    result.accuracy.stats[0].difference.value = sign * 0.001953125;
    EXPECT_THAT([&] { stages::require_goals(result, {.max_drop = 0.195}); },
                testing::ThrowsMessage<GoalMissed>(HasSubstr("--max-drop 0.195")));
  }
}

}  // namespace
}  // namespace y6q::pipeline
