// The Q/DQ-free file and its cache, computed as TensorRT does implicit quantization (spec/08 §4): it must be
// the model that was simulated. The file is read back from its bytes; nothing of the model that it was
// written from is used but the numbers to compare with.
#include <gmock/gmock.h>
#include <onnx-ml.pb.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <set>
#include <sstream>

#include "detect/outputs.h"
#include "onnx/calibration_cache.h"
#include "onnx/write.h"
#include "passes/correct_biases.h"
#include "passes/round_weights.h"
#include "pipeline/yolov6_networks.h"
#include "support/folder.h"

namespace y6q::pipeline {
namespace {

using testing::IsEmpty;
using Scales = std::map<std::string, float>;

Scales parse_cache(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);  // header
  Scales scales;
  while (std::getline(lines, line)) {
    const size_t end = line.find(": ");
    const auto bits = static_cast<uint32_t>(std::stoul(line.substr(end + 2), nullptr, 16));
    EXPECT_TRUE(scales.emplace(line.substr(0, end), std::bit_cast<float>(bits)).second) << line;
  }
  return scales;
}

/// A plain file of convolutions, transposed ones, ReLU, SiLU, pools and concatenations as a model.
class PlainFile {
 public:
  explicit PlainFile(const std::string& bytes) {
    if (!file_.ParseFromString(bytes)) throw std::runtime_error("no ONNX file");
    const auto& input = file_.graph().input(0);
    ir::Shape shape;
    for (const auto& dim : input.type().tensor_type().shape().dim()) shape.push_back(dim.dim_value());
    values_[input.name()] = model_.graph.add(input.name(), ir::Input{shape}, {});
    for (const auto& tensor : file_.graph().initializer()) {
      std::vector<float> floats(tensor.raw_data().size() / sizeof(float));
      std::memcpy(floats.data(), tensor.raw_data().data(), tensor.raw_data().size());
      values_[tensor.name()] = model_.add_parameter(
          tensor.name(), {{tensor.dims().begin(), tensor.dims().end()}, std::move(floats)}, true);
    }
  }

  ir::Model model() {
    for (const auto& node : file_.graph().node()) add(node);
    for (const auto& output : file_.graph().output())
      model_.graph.mark_output(output.name(), values_.at(output.name()));
    return std::move(model_);
  }

 private:
  static std::vector<int64_t> ints(const ::onnx::NodeProto& node, const std::string& name) {
    for (const auto& attribute : node.attribute()) {
      if (attribute.name() == name) return {attribute.ints().begin(), attribute.ints().end()};
    }
    throw std::runtime_error("no attribute " + name);
  }
  static ir::Hw pair(const ::onnx::NodeProto& node, const std::string& name) {
    const auto values = ints(node, name);
    return {values.at(0), values.at(1)};
  }

  void add(const ::onnx::NodeProto& node) {
    const std::string& type = node.op_type();
    if (type == "Sigmoid") return;  // of the multiplication behind it
    std::vector<ir::Value> inputs;
    for (const std::string& input : node.input()) {
      if (values_.contains(input)) inputs.push_back(values_.at(input));
    }
    const ir::Value made = model_.graph.add(node.output(0), op_of(node), std::move(inputs));
    values_[node.output(0)] = made;
  }

  static ir::Op op_of(const ::onnx::NodeProto& node) {
    const std::string& type = node.op_type();
    if (type == "Conv") return ir::Conv2d{pair(node, "strides"), pair(node, "pads"), 1};
    if (type == "ConvTranspose") return ir::ConvTranspose2d{pair(node, "strides")};
    if (type == "Relu") return ir::Relu{};
    if (type == "Mul") return ir::Silu{};
    if (type == "MaxPool")
      return ir::MaxPool2d{pair(node, "kernel_shape"), pair(node, "strides"), pair(node, "pads")};
    if (type == "Concat") return ir::Concat{};
    throw std::runtime_error("operator " + type);
  }

  ::onnx::ModelProto file_;
  ir::Model model_;
  std::map<std::string, ir::Value> values_;
};

/// What TensorRT makes of a file and a cache. A layer (with the activation that is fused into it) is computed
/// in INT8 when every tensor that it reads or writes has a scale and its precision is not fixed otherwise.
/// What such a layer reads or writes is rounded; its weights are, with ranges that TensorRT takes from them:
/// one an output channel, one for all of a transposed convolution.
class ImplicitEngine {
 public:
  ImplicitEngine(const ir::Model& file, Scales scales, std::set<std::string> in_half)
      : file_(file), scales_(std::move(scales)), in_half_(std::move(in_half)) {
    for (uint32_t id = 0; id < file.graph.size(); ++id) {
      if (!is_layer({id})) continue;
      (is_integer({id}) ? integer_layers : float_layers).insert(file.graph[id].name);
      if (is_integer({id})) rounded_.insert(result_of({id}).id);
    }
    for (uint32_t id = 0; id < file.graph.size(); ++id) build({id});
    for (const ir::Output& output : file.graph.outputs())
      model.graph.mark_output(output.name, built_.at(output.value.id));
  }

  std::set<std::string> integer_layers, float_layers;
  ir::Model model;  ///< tensor T rounded is called T.rounded

 private:
  const ir::Node& node(ir::Value value) const { return file_.graph.node(value); }
  bool convolves(ir::Value value) const {
    return std::holds_alternative<ir::Conv2d>(node(value).op) ||
           std::holds_alternative<ir::ConvTranspose2d>(node(value).op);
  }
  bool is_layer(ir::Value value) const {
    return convolves(value) || std::holds_alternative<ir::MaxPool2d>(node(value).op) ||
           std::holds_alternative<ir::Concat>(node(value).op);
  }
  bool has_scale(ir::Value value) const { return scales_.contains(node(value).name); }

  ir::Value result_of(ir::Value layer) const {
    const auto& readers = file_.graph.consumers(layer);
    const bool is_fused = convolves(layer) && readers.size() == 1 &&
                          (std::holds_alternative<ir::Relu>(node(readers[0]).op) ||
                           std::holds_alternative<ir::Silu>(node(readers[0]).op));
    return is_fused ? readers[0] : layer;
  }

  bool is_integer(ir::Value layer) const {
    if (in_half_.contains(node(layer).name) || !has_scale(result_of(layer))) return false;
    const auto& inputs = node(layer).inputs;
    return std::all_of(inputs.begin(), convolves(layer) ? inputs.begin() + 1 : inputs.end(),
                       [&](ir::Value input) { return has_scale(input); });
  }

  ir::Value rounded(ir::Value value) {
    const std::string name = node(value).name + ".rounded";
    if (const auto found = model.graph.find(name)) return *found;
    const float amax = scales_.at(node(value).name) * 127;
    const ir::Value range = model.add_parameter(name + ".amax", ir::Array::scalar(amax), false);
    return model.graph.add(name, ir::FakeQuant{}, {built_.at(value.id), range});
  }

  ir::Value rounded_weight(ir::Value weight, bool is_transposed) {
    const ir::Array& array = file_.weight(weight);
    const size_t channels = is_transposed ? 1 : static_cast<size_t>(array.shape[0]);
    std::vector<float> ranges(channels);
    for (size_t i = 0; i < array.floats().size(); ++i) {
      float& range = ranges[i / (array.floats().size() / channels)];
      range = std::max(range, std::fabs(array.floats()[i]));
    }
    const std::string name = node(weight).name + ".rounded";
    const ir::Shape shape = is_transposed ? ir::Shape{} : ir::Shape{static_cast<int64_t>(channels)};
    return model.graph.add(
        name, ir::FakeQuant{.channel_axis = is_transposed ? -1 : 0},
        {built_.at(weight.id), model.add_parameter(name + ".amax", {shape, ranges}, false)});
  }

  void build(ir::Value value) {
    const bool in_integers = is_layer(value) && is_integer(value);
    std::vector<ir::Value> inputs;
    for (const ir::Value input : node(value).inputs) {
      const bool is_array = std::holds_alternative<ir::Parameter>(node(input).op);
      if (is_array && in_integers && inputs.size() == 1) {
        inputs.push_back(rounded_weight(input, std::holds_alternative<ir::ConvTranspose2d>(node(value).op)));
      } else if (!is_array && (in_integers || rounded_.contains(input.id))) {
        inputs.push_back(rounded(input));
      } else {
        inputs.push_back(built_.at(input.id));
      }
    }
    if (std::holds_alternative<ir::Parameter>(node(value).op)) {
      built_[value.id] = model.add_parameter(node(value).name, file_.weight(value), true);
    } else {
      built_[value.id] = model.graph.add(node(value).name, node(value).op, std::move(inputs));
    }
  }

  const ir::Model& file_;
  Scales scales_;
  std::set<std::string> in_half_;
  std::set<uint32_t> rounded_;
  std::map<uint32_t, ir::Value> built_;
};

/// Discs on a slope of colours, with noise: edges and plain areas, as photographs have them.
ir::Tensor picture() {
  ir::Tensor image = random_images({1, 3, kSize, kSize}, 12);
  for (int64_t c = 0; c < 3; ++c) {
    for (int64_t y = 0; y < kSize; ++y) {
      for (int64_t x = 0; x < kSize; ++x) {
        const bool in_first = std::hypot(x - 20, y - 24) < 11, in_second = std::hypot(x - 45, y - 40) < 14;
        const auto colour = in_first ? 200 - 60 * c : in_second ? 20 + 90 * c : 2 * x + y / 2;
        double& value = image.data[static_cast<size_t>((c * kSize + y) * kSize + x)];
        value = std::round(static_cast<double>(colour) + 30 * value) / 255;
      }
    }
  }
  return image;
}

const onnx::OnnxOptions kRaw{.outputs = {"cls0", "cls1", "cls2", "reg0", "reg1", "reg2"}};

/// By the default protocol.
std::vector<detect::Detection> detections_of(const std::map<std::string, ir::Tensor>& outputs) {
  std::vector<std::vector<float>> maps;
  for (const std::string& name : kRaw.outputs)
    maps.emplace_back(outputs.at(name).data.begin(), outputs.at(name).data.end());
  std::vector<detect::ImageOutput> list;
  for (size_t i = 0; i < maps.size(); ++i) {
    const ir::Shape& shape = outputs.at(kRaw.outputs[i]).shape;
    list.push_back({kRaw.outputs[i], maps[i].data(), shape[1], shape[2], shape[3]});
  }
  return detect::detections_of(list, kSize, {});
}

/// A value on a rounding border may turn a suppression over, hence not all.
void expect_same_detections(const std::vector<detect::Detection>& got,
                            const std::vector<detect::Detection>& want) {
  constexpr double kMatched = 0.98, kPixels = 0.5, kScore = 0.005;
  ASSERT_GE(want.size(), 50U);
  const auto is_same = [&](const detect::Detection& a, const detect::Detection& b) {
    return a.label == b.label && std::fabs(a.score - b.score) < kScore &&
           std::fabs(a.box.x1 - b.box.x1) < kPixels && std::fabs(a.box.y1 - b.box.y1) < kPixels &&
           std::fabs(a.box.x2 - b.box.x2) < kPixels && std::fabs(a.box.y2 - b.box.y2) < kPixels;
  };
  size_t matched = 0;
  for (const detect::Detection& ours : got)
    matched += std::ranges::any_of(want, [&](const auto& theirs) { return is_same(ours, theirs); });
  EXPECT_GE(static_cast<double>(matched), kMatched * static_cast<double>(std::max(got.size(), want.size())));
}

class Implicit : public testing::Test {
 protected:
  /// Quantizes, corrects biases, writes and reads back.
  void make(const std::set<std::string>& keep_float) {
    simulated_ = quantized_network(network_, images_, {.keep_float = keep_float});
    passes::ChannelMeans means;
    for (const ir::Value quantizer : ir::activation_quantizers(simulated_.graph)) {
      const ir::Node& node = simulated_.graph.node(quantizer);
      means[node.name] = std::vector<double>(static_cast<size_t>(node.shape[1]), 0.25);
    }
    simulated_ = passes::correct_biases(simulated_, simulated_, means);
    onnx::write_onnx(folder_ / "net.onnx", passes::round_weights(simulated_), kRaw);
    file_ = PlainFile(read_file(folder_ / "net.onnx")).model();
    scales_ = parse_cache(onnx::calibration_cache(simulated_, kRaw));
    const auto names = onnx::node_names(simulated_, kRaw).in_float;
    in_half_ = {names.begin(), names.end()};
  }

  /// Names in the file are those of the model's nodes, but for input and outputs.
  void expect_the_simulated_model(const ImplicitEngine& engine) {
    const auto want = ir::interpret_all(simulated_, images_), got = ir::interpret_all(engine.model, images_);
    size_t compared = 0;
    for (const ir::Value quantizer : ir::activation_quantizers(simulated_.graph)) {
      const ir::Node& node = simulated_.graph.node(quantizer);
      const std::string& tensor = simulated_.graph.node(node.inputs[0]).name;
      const float amax = simulated_.floats(node.inputs[1])[0];
      ASSERT_TRUE(scales_.contains(tensor)) << tensor;
      EXPECT_EQ(scales_.at(tensor), amax / 127) << tensor;
      expect_codes(got.at(tensor + ".rounded").data, want.at(node.name).data, amax / 127, tensor);
      ++compared;
    }
    EXPECT_EQ(compared, scales_.size());
    const auto outputs = ir::interpret(simulated_, images_), ours = ir::interpret(engine.model, images_);
    for (const std::string& name : kRaw.outputs) {
      const auto &a = outputs.at(name).data, &b = ours.at(name).data;
      for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(b[i], a[i], 1e-3 * (1 + std::fabs(a[i]))) << name;
    }
    expect_same_detections(detections_of(ours), detections_of(outputs));
  }

  /// Weights reach the file as float32: a value on a rounding border may fall to the other side.
  static void expect_codes(const std::vector<double>& got, const std::vector<double>& want, double step,
                           const std::string& tensor) {
    ASSERT_EQ(got.size(), want.size()) << tensor;
    size_t moved = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      const double apart = std::fabs(got[i] - want[i]) / step;
      EXPECT_LT(apart, 1.5) << tensor;
      moved += apart > 0.5;
    }
    EXPECT_LE(static_cast<double>(moved), 1e-3 * static_cast<double>(got.size())) << tensor;
  }

  const support::Folder folder_;
  const ir::Model network_ = decoded_network();
  const ir::Tensor images_ = picture();
  ir::Model simulated_, file_;
  Scales scales_;
  std::set<std::string> in_half_;
};

TEST_F(Implicit, TheWholeNetworkIsTheSimulatedOne) {
  make({});
  const ImplicitEngine engine(file_, scales_, in_half_);
  EXPECT_THAT(engine.float_layers,
              testing::UnorderedElementsAre("cls0", "cls1", "cls2", "reg0", "reg1", "reg2"));
  EXPECT_EQ(engine.integer_layers.size(), 52U + 3 + 5);  // convolutions, pools, concatenations
  expect_the_simulated_model(engine);
}

TEST_F(Implicit, LayersThatAreKeptFloatAreAndTheirNeighboursAreNot) {
  const std::set<std::string> kept{"neck.Rep_p3.conv1.conv", "neck.upsample0.upsample_transpose",
                                   "backbone.ERBlock_3.1.block.0.conv"};
  make(kept);
  const ImplicitEngine engine(file_, scales_, in_half_);
  std::set<std::string> want{"cls0", "cls1", "cls2", "reg0", "reg1", "reg2"};
  want.insert(kept.begin(), kept.end());
  want.insert("neck.concat_p3");  // read by a float layer alone
  EXPECT_EQ(engine.float_layers, want);
  expect_the_simulated_model(engine);
}

// What a layer computes in float is what it was trained for; corrected biases belong to rounded weights.
TEST_F(Implicit, FloatLayersCarryTheWeightsAndBiasesOfTheFloatNetwork) {
  const std::string kept = "neck.Rep_p3.conv1.conv", rounded = "neck.Rep_p3.block.0.conv";
  make({kept});
  for (const char* part : {".weight", ".bias"}) {
    EXPECT_EQ(file_.weights.at(kept + part), network_.weights.at(kept + part)) << part;
    EXPECT_NE(file_.weights.at(rounded + part), network_.weights.at(rounded + part)) << part;
  }
}

// The rule itself: without the ranges that only predictions read, the layers that write them leave INT8.
TEST_F(Implicit, ALayerWithoutARangeBehindItLeavesIntegers) {
  make({});
  for (const char* kind : {"cls", "reg"}) {
    for (const char* level : {"0", "1", "2"})
      EXPECT_EQ(scales_.erase(fmt::format("detect.{}_convs.{}.silu", kind, level)), 1U);
  }
  EXPECT_EQ(ImplicitEngine(file_, scales_, in_half_).float_layers.size(), 12U);
}

}  // namespace
}  // namespace y6q::pipeline
