// Every kind of file that export writes, judged by NVIDIA's own parser and builder (tensorrt_rtx_referee.py),
// strongly typed as in TensorRT 11.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "ir/queries.h"
#include "models/yolov6.h"
#include "onnx/check.h"
#include "onnx/emit.h"
#include "passes/append_decode.h"
#include "passes/deploy.h"
#include "passes/insert_quantizers.h"
#include "passes/round_weights.h"
#include "passes/share_ranges.h"
#include "referee/referee.h"

namespace y6q::referee {
namespace {

using onnx::Form;
using onnx::Remainder;

/// Ranges of 127/64: their steps are FP16 numbers.
ir::Model quantized(const ir::Model& network, const passes::QuantPolicy& policy) {
  ir::Model model = passes::share_ranges(passes::insert_quantizers(network, policy));
  for (const ir::Value quantizer : ir::activation_quantizers(model.graph)) {
    const ir::Node& node = model.graph.node(quantizer);
    model.weights.at(model.graph.node(node.inputs[1]).name) = ir::Array::scalar(127.0F / 64);
  }
  return model;
}

/// What a file must turn into: layers of the parsed network by type.
nlohmann::json expected_layers(const ir::Graph& graph, const onnx::OnnxOptions& options) {
  int convolutions = 0, transposed = 0, pools = 0, quantize = 0, dequantize = 0;
  for (const ir::Node& node : graph.nodes()) {
    convolutions += std::holds_alternative<ir::Conv2d>(node.op);
    transposed += std::holds_alternative<ir::ConvTranspose2d>(node.op);
    pools += std::holds_alternative<ir::MaxPool2d>(node.op);
    if (options.form == Form::plain || !std::holds_alternative<ir::FakeQuant>(node.op)) continue;
    ++dequantize;  // FP16 files hold weights as codes
    quantize += options.remainder == Remainder::fp32 || !ir::is_weight_quantizer(graph, node);
  }
  return {{"CONVOLUTION", convolutions},
          {"DECONVOLUTION", transposed},
          {"POOLING", pools},
          {"QUANTIZE", quantize},
          {"DEQUANTIZE", dequantize}};
}

/// Writes files and says to the script what they are.
class Files {
 public:
  void add(const std::string& name, const ir::Model& model, const onnx::OnnxOptions& options) {
    onnx::write_onnx(folder_ / (name + ".onnx"), model, options);
    ir::Model written = model;
    if (!options.outputs.empty()) written = passes::select_outputs(model, options.outputs);
    expected_[name] = expected_layers(written.graph, options);
  }

  /// All forms of one network.
  void add_forms(const std::string& name, const ir::Model& model) {
    const std::vector<std::string> decoded{"outputs"}, raw{"cls0", "cls1", "cls2", "reg0", "reg1", "reg2"};
    const ir::Model rounded = passes::round_weights(model);
    for (const auto& [end, outputs] : {std::pair{"", decoded}, std::pair{"_raw", raw}}) {
      for (const auto& [type, remainder, opset] :
           {std::tuple{"fp32", Remainder::fp32, 13}, std::tuple{"fp16", Remainder::fp16, 19}}) {
        add(fmt::format("{}_{}{}", name, type, end), rounded,
            {.remainder = remainder, .opset = opset, .outputs = outputs});
        if (!ir::has_quantizers(model.graph)) continue;
        add(fmt::format("{}_qdq_{}{}", name, type, end), model,
            {.form = Form::qdq, .remainder = remainder, .opset = opset, .batch = 0, .outputs = outputs});
      }
    }
  }

  /// Images of bytes, which are converted first.
  void add_bytes(const std::string& name, const ir::Model& model) {
    for (const auto& [type, remainder, opset] :
         {std::tuple{"fp32", Remainder::fp32, 13}, std::tuple{"fp16", Remainder::fp16, 19}}) {
      add(fmt::format("{}_bytes_{}", name, type), model,
          {.form = ir::has_quantizers(model.graph) ? Form::qdq : Form::plain,
           .remainder = remainder,
           .opset = opset,
           .batch = 0,
           .outputs = {"outputs"},
           .images = onnx::ImageType::bytes});
    }
  }

  /// A file that NVIDIA must refuse, and we before, by the name of the tensor.
  void add_refused(const std::string& name, const std::string& tensor, const ::onnx::ModelProto& file) {
    expect_ours(name, tensor, file);
    write_file(folder_ / (name + ".onnx"), file.SerializeAsString());
    expected_[name] = nullptr;
  }

  static void expect_ours(const std::string& name, const std::string& tensor,
                          const ::onnx::ModelProto& file) {
    EXPECT_THAT([&] { onnx::check(file, {.signed_codes = true}); },
                testing::ThrowsMessage<Error>(testing::HasSubstr("'" + tensor + "'")))
        << name;
  }

  void judge() {
    write_file(folder_ / "expected.json", expected_.dump());
    Y6Q_REFEREE("tensorrt_rtx_referee.py", folder_.quoted());
  }

 private:
  Folder folder_;
  nlohmann::json expected_;
};

ir::Model network_of(const std::string& architecture, models::Mode mode) {
  return passes::append_decode(passes::deploy(models::yolov6(
      {.architecture = architecture, .mode = mode, .class_count = 3, .image_size = {64, 64}})));
}

class TensorRtRtx : public testing::TestWithParam<std::string> {};

TEST_P(TensorRtRtx, AcceptsEveryFormOfEveryMode) {
  Y6Q_NEED_REFEREE();
  Files files;
  for (const models::Mode mode : {models::Mode::repopt, models::Mode::repvgg, models::Mode::qarepvgg,
                                  models::Mode::repvgg_deploy, models::Mode::hyper_search}) {
    const ir::Model network = network_of(GetParam(), mode);
    const std::string name{name_of(mode)};
    files.add_forms(name + "_float", network);
    files.add_forms(name + "_tensorrt", quantized(network, {}));
    if (mode != models::Mode::repopt) continue;
    files.add_bytes(name + "_float", network);
    files.add_bytes(name + "_tensorrt", quantized(network, {}));
  }
  files.judge();
}

TEST_P(TensorRtRtx, AcceptsPartiallyQuantizedNetworks) {
  Y6Q_NEED_REFEREE();
  const ir::Model network = network_of(GetParam(), models::Mode::repopt);
  Files files;
  files.add_forms("neck",
                  quantized(network, {.keep_float = {"neck.Rep_p3.conv1.conv", "backbone.stem.conv"}}));
  files.add_forms("pool", quantized(network, {.keep_float = {"backbone.ERBlock_5.2.sppf.m.1"}}));
  files.add_forms("predictions", quantized(network, {.float_predictions = false}));
  for (const quant::Transposed transposed : all_values<quant::Transposed>()) {
    files.add_forms(
        fmt::format("transposed_{}", name_of(transposed)),
        quantized(network, {.rules = quant::rules_of(quant::Scheme::tensorrt, {.transposed = transposed})}));
  }
  files.judge();
}

/// A tensor of the stem: its input's quantizer, its weight's, its bias.
::onnx::TensorProto& tensor(::onnx::ModelProto& file, const std::string& name) {
  for (auto& tensor : *file.mutable_graph()->mutable_initializer()) {
    if (tensor.name() == name) return tensor;
  }
  throw std::runtime_error("no initializer " + name);
}

// Unsigned zero points are not among them: the parser takes them for signed ones, with a warning. We refuse
// them.
TEST(TensorRtRtxRefuses, WhatWeRefuseBefore) {
  const ir::Model model = quantized(network_of("yolov6n", models::Mode::repopt), {});
  const std::string stem = "backbone.stem.conv";
  Files files;
  for (const auto& [type, remainder, opset] :
       {std::tuple{"fp32", Remainder::fp32, 13}, std::tuple{"fp16", Remainder::fp16, 19}}) {
    const ::onnx::ModelProto sound = onnx::emit(
        model, {.form = Form::qdq, .remainder = remainder, .opset = opset, .outputs = {"outputs"}});
    const auto broken = [&](const std::string& name, const std::string& where, const auto& damage) {
      ::onnx::ModelProto file = sound;
      damage(file);
      files.add_refused(fmt::format("{}_{}", name, type), where, file);
    };
    ::onnx::ModelProto unsigned_codes = sound;
    tensor(unsigned_codes, "images.quant.zero_point").set_data_type(::onnx::TensorProto::UINT8);
    Files::expect_ours("uint8", "images.quant.zero_point", unsigned_codes);
    broken("zero_scale", "images.quant.scale", [](auto& file) {
      std::string& raw = *tensor(file, "images.quant.scale").mutable_raw_data();
      raw.assign(raw.size(), '\0');
    });
    broken("zero_point", "images.quant.zero_point",
           [](auto& file) { tensor(file, "images.quant.zero_point").set_raw_data("\3"); });
    broken("no_axis", stem + ".weight.quant.scale", [&](auto& file) {
      for (auto& node : *file.mutable_graph()->mutable_node()) {
        if (node.output(0).starts_with(stem + ".weight.quant")) node.clear_attribute();
      }
    });
    broken("mixed_types", stem + ".bias", [&](auto& file) {
      ::onnx::TensorProto& bias = tensor(file, stem + ".bias");
      const bool is_half = remainder == Remainder::fp16;
      bias.set_raw_data(std::string(static_cast<size_t>(bias.dims(0)) * (is_half ? 4 : 2), '\0'));
      bias.set_data_type(is_half ? ::onnx::TensorProto::FLOAT : ::onnx::TensorProto::FLOAT16);
    });
    broken("no_source", "nowhere",
           [](auto& file) { file.mutable_graph()->mutable_node(3)->set_input(0, "nowhere"); });
  }
  files.judge();
}

INSTANTIATE_TEST_SUITE_P(Networks, TensorRtRtx, testing::ValuesIn(models::architectures()),
                         [](const auto& network) { return network.param; });

}  // namespace
}  // namespace y6q::referee
