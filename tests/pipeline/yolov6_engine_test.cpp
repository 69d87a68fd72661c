#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "base/files.h"
#include "base/isa.h"
#include "engine/engine.h"
#include "onnx/write.h"
#include "pipeline/yolov6_networks.h"
#include "support/folder.h"

// YOLOv6-N from the description to the engine, without training: random weights, ranges of one image.
namespace y6q::pipeline {
namespace {

using engine::Precision;
using onnx::Form;

struct Integers {
  quant::Scheme scheme;
  int64_t weight_bits;
};

double mean_difference(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::fabs(a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

struct Coverage {
  int integer = 0, predictions = 0;
  std::vector<std::string> others;  ///< convolutions that are no predictions and not INT8
};

/// A prediction convolution has its own name, or that of the output which it makes.
bool is_prediction_name(const std::string& name) {
  const bool is_output = name.size() > 3 && (name.starts_with("cls") || name.starts_with("reg")) &&
                         name[3] >= '0' && name[3] <= '2';
  return is_output || name.find("_preds.") != name.npos;
}

Coverage coverage_of(const engine::Engine& engine) {
  Coverage coverage;
  for (const auto& layer : engine.executed_layers()) {
    if (layer.type != "Convolution" && layer.type != "Deconvolution") continue;
    const bool is_prediction =
        is_prediction_name(layer.name) || std::ranges::any_of(layer.originals, is_prediction_name);
    if (layer.precision == "u8" || layer.precision == "i8") {
      EXPECT_FALSE(is_prediction) << layer.name;
      ++coverage.integer;
    } else if (is_prediction) {
      ++coverage.predictions;
    } else {
      coverage.others.push_back(layer.name + " in " + layer.precision);
    }
  }
  return coverage;
}

/// 50 convolutions and 2 transposed ones in integers where these are exact on this CPU, else none.
void expect_only_predictions_are_float(const engine::Engine& engine, bool exact) {
  const Coverage coverage = coverage_of(engine);
  if (!exact) {
    EXPECT_EQ(coverage.integer, 0);
    EXPECT_EQ(coverage.others.size(), 52U);
    return;
  }
  EXPECT_THAT(coverage.others, testing::IsEmpty());
  EXPECT_EQ(coverage.predictions, 6);
  EXPECT_EQ(coverage.integer, 52);
}

class Yolov6InOpenVino : public testing::TestWithParam<Integers> {
 protected:
  void SetUp() override {
    if (!engine::supports(engine::Kind::openvino, Precision::fp32)) GTEST_SKIP() << "built without OpenVINO";
  }
  /// The decoded predictions [1, A, 8].
  std::vector<double> run(const ir::Model& model, Form form, Precision precision, const ir::Tensor& images) {
    onnx::write_onnx(path_, model, {.form = form, .outputs = {"outputs"}});
    engine_ = engine::open(engine::Kind::openvino, path_, {.precision = precision});
    const auto data = engine_->infer(std::vector<float>(images.data.begin(), images.data.end())).at(0).data;
    return {data.begin(), data.end()};
  }

  support::Folder folder_;
  fs::path path_ = folder_ / "net.onnx";
  std::unique_ptr<engine::Engine> engine_;
};

TEST_P(Yolov6InOpenVino, TheEngineFollowsTheSimulationAndOnlyPredictionsStayFloat) {
  const ir::Tensor images = random_images({1, 3, kSize, kSize}, 12);
  const ir::Model network = decoded_network();
  const ir::Model quantized = quantized_network(
      network, images,
      {.rules = quant::rules_of(GetParam().scheme, {.weight_bits = GetParam().weight_bits})});
  const auto exact = ir::interpret(network, images).at("outputs").data;
  const auto simulated = ir::interpret(quantized, images).at("outputs").data;
  const double loss = mean_difference(exact, simulated);
  EXPECT_GT(loss, 0);

  // Boxes reach 700 pixels; float32 through 56 convolutions.
  EXPECT_LE(mean_difference(exact, run(network, Form::plain, Precision::fp32, images)), 1e-2);
  const auto in_integers = run(quantized, Form::qdq, Precision::int8, images);
  // One value on a rounding border falls to the other side and an untrained network spreads it: the
  // difference may reach what rounding itself costs, not more.
  const double difference = mean_difference(simulated, in_integers),
               cost = mean_difference(exact, in_integers);
  EXPECT_LE(difference, 1.2 * loss);
  EXPECT_LT(difference, cost) << "an engine that leaves the quantizers out is nearer to the float network";

  const bool integers_are_exact = kernel_isa().fast_int8() || GetParam().weight_bits == 7;
  expect_only_predictions_are_float(*engine_, integers_are_exact);
}

INSTANTIATE_TEST_SUITE_P(Schemes, Yolov6InOpenVino,
                         testing::Values(Integers{quant::Scheme::tensorrt, 8},
                                         Integers{quant::Scheme::cpu, 8}, Integers{quant::Scheme::cpu, 7}),
                         [](const auto& test) {
                           return fmt::format("{}{}bit", name_of(test.param.scheme), test.param.weight_bits);
                         });

/// The executed graph of a network as the pipeline exports it: heads not decoded, all ranges 1.
Coverage exported_coverage(const std::string& architecture, const passes::QuantPolicy& policy) {
  ir::Model model = passes::insert_quantizers(passes::deploy(models::yolov6({.architecture = architecture,
                                                                             .mode = models::Mode::repvgg,
                                                                             .class_count = 3,
                                                                             .image_size = {64, 96}})),
                                              policy);
  for (const ir::Value quantizer : ir::activation_quantizers(model.graph)) {
    const ir::Node& node = model.graph.node(quantizer);
    model.weights.at(model.graph.node(node.inputs[1]).name) = ir::Array::scalar(1);
  }
  const support::Folder folder;
  const fs::path path = folder / "net.onnx";
  onnx::write_onnx(path, model, {.form = Form::qdq});
  const auto engine = engine::open(engine::Kind::openvino, path,
                                   {.precision = Precision::int8, .input = engine::InputLayout::bytes_nchw});
  return coverage_of(*engine);
}

class Int8Coverage : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!engine::supports(engine::Kind::openvino, Precision::int8)) GTEST_SKIP() << "built without OpenVINO";
  }
};

TEST_P(Int8Coverage, OnlyTheSixPredictionsOfAnExportedNetworkStayFloat) {
  const Coverage coverage = exported_coverage(GetParam(), {.rules = quant::rules_of(quant::Scheme::cpu)});
  EXPECT_THAT(coverage.others, testing::IsEmpty());
  EXPECT_EQ(coverage.predictions, 6);
  EXPECT_GE(coverage.integer, 52);
}

TEST_P(Int8Coverage, AConvolutionThatIsKeptFloatIsNoticed) {
  const Coverage coverage = exported_coverage(GetParam(), {.rules = quant::rules_of(quant::Scheme::cpu),
                                                           .keep_float = {"neck.Rep_p3.conv1.rbr_reparam"}});
  EXPECT_THAT(coverage.others, testing::ElementsAre(testing::HasSubstr("neck.Rep_p3.conv1.rbr_reparam")));
}

INSTANTIATE_TEST_SUITE_P(Architectures, Int8Coverage, testing::Values("yolov6n", "yolov6t", "yolov6s"),
                         [](const auto& architecture) { return std::string(architecture.param); });

}  // namespace
}  // namespace y6q::pipeline
