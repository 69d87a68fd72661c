// One network as FP32 file, as strongly typed FP16 file and simulated: the same scales and codes.
#include <gtest/gtest.h>
#include <onnx-ml.pb.h>

#include <cstring>

#include "base/half.h"
#include "onnx/emit.h"
#include "passes/refresh_ranges.h"
#include "pipeline/yolov6_networks.h"

namespace y6q::pipeline {
namespace {

using onnx::Form;
using onnx::Remainder;

std::map<std::string, const ::onnx::TensorProto*> constants(const ::onnx::ModelProto& file) {
  std::map<std::string, const ::onnx::TensorProto*> tensors;
  for (const auto& tensor : file.graph().initializer()) tensors[tensor.name()] = &tensor;
  return tensors;
}

template <typename T>
std::vector<T> elements(const ::onnx::TensorProto& tensor) {
  std::vector<T> values(tensor.raw_data().size() / sizeof(T));
  std::memcpy(values.data(), tensor.raw_data().data(), tensor.raw_data().size());
  return values;
}

/// Codes by the definition of QuantizeLinear, in float32.
std::vector<int8_t> codes_of(const std::vector<float>& weights, const std::vector<float>& scales,
                             size_t run) {
  std::vector<int8_t> codes;
  for (size_t i = 0; i < weights.size(); ++i) {
    const float code = std::nearbyint(weights[i] / scales[i / run % scales.size()]);
    codes.push_back(static_cast<int8_t>(std::clamp(code, -128.0F, 127.0F)));
  }
  return codes;
}

class Typed : public testing::TestWithParam<quant::Transposed> {
 protected:
  const ir::Model network_ = decoded_network();
  const ir::Model model_ =
      quantized_network(network_, random_images({1, 3, kSize, kSize}, 12),
                        {.rules = quant::rules_of(quant::Scheme::tensorrt, {.transposed = GetParam()})});
  const ::onnx::ModelProto single_ = onnx::emit(model_, {.form = Form::qdq, .outputs = {"outputs"}}),
                           half_ = onnx::emit(model_, {.form = Form::qdq,
                                                       .remainder = Remainder::fp16,
                                                       .opset = 19,
                                                       .outputs = {"outputs"}});
};

TEST_P(Typed, BothFilesHaveTheScalesAndCodesOfTheSimulation) {
  const auto single = constants(single_), half = constants(half_);
  size_t quantizers = 0, changed = 0, weights = 0, at_ties = 0;
  for (const ir::Node& node : model_.graph.nodes()) {
    const auto* op = std::get_if<ir::FakeQuant>(&node.op);
    if (op == nullptr) continue;
    ++quantizers;
    const auto scales = elements<float>(*single.at(node.name + ".scale"));
    const auto halves = elements<uint16_t>(*half.at(node.name + ".scale"));
    ASSERT_EQ(halves.size(), scales.size()) << node.name;
    for (size_t i = 0; i < scales.size(); ++i) {
      EXPECT_EQ(widen_half(halves[i]), scales[i]) << node.name;
      EXPECT_EQ(scales[i], model_.floats(node.inputs[1])[i] / 127) << node.name;
    }
    if (!ir::is_weight_quantizer(model_.graph, node)) continue;
    const auto& weight = model_.floats(node.inputs[0]);
    const size_t run = op->channel_axis < 0    ? weight.size()
                       : op->channel_axis == 1 ? 4
                                               : weight.size() / scales.size();
    const auto codes = elements<int8_t>(*half.at(node.name + ".quantized"));
    const auto written = elements<float>(*single.at(model_.graph.node(node.inputs[0]).name));
    EXPECT_EQ(codes_of(written, scales, run), codes) << node.name;
    const auto divided = codes_of(weight, scales, run);
    ASSERT_EQ(codes.size(), divided.size()) << node.name;
    for (size_t i = 0; i < codes.size(); ++i) {
      EXPECT_LE(std::abs(codes[i] - divided[i]), 1) << node.name;
      at_ties += codes[i] != divided[i];
    }
    // What choosing ranges without regard to FP16 would cost: scales rounded when the file is written.
    const ir::FakeQuant exact{.bits = op->bits, .channel_axis = op->channel_axis};
    std::vector<float> wanted = passes::weight_ranges(model_.weight(node.inputs[0]), exact).floats(), rounded;
    for (float& scale : wanted) scale /= 127;
    for (const float scale : wanted) rounded.push_back(widen_half(narrow_half(scale)));
    const auto a = codes_of(weight, wanted, run), b = codes_of(weight, rounded, run);
    weights += a.size();
    for (size_t i = 0; i < a.size(); ++i) changed += a[i] != b[i];
  }
  EXPECT_EQ(quantizers, GetParam() == quant::Transposed::unquantized ? 111U : 113U);
  // The simulation multiplies by 127 / amax (spec/04 §1.1), QuantizeLinear divides by the scale: a weight
  // within a last bit of the middle between two codes may get the other one.
  EXPECT_LE(at_ties, weights / 100000);
  EXPECT_GT(changed, weights / 1000) << "otherwise this test could not fail";
}

INSTANTIATE_TEST_SUITE_P(TransposedConvolutions, Typed, testing::ValuesIn(all_values<quant::Transposed>()),
                         [](const auto& test) {
                           std::string name(name_of(test.param));
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace y6q::pipeline
