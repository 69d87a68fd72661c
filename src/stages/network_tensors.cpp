#include "stages/network_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/errors.h"
#include "base/file_kind.h"
#include "checkpoint/convert.h"
#include "eager/images.h"
#include "eager/network.h"
#include "infer/eager_runner.h"
#include "ir/queries.h"
#include "onnx/import.h"
#include "passes/deploy.h"
#include "quant/fake_quant.h"

namespace y6q::stages {
namespace {

using ir::is_any;
using ir::Value;

/// A norm belongs to what it follows, and an activation to either.
bool is_inside_a_layer(const ir::Graph& graph, Value value) {
  const Value* reader = ir::sole_consumer(graph, value);
  if (reader == nullptr) return false;
  const ir::Op& op = graph.node(*reader).op;
  return is_any<ir::BatchNorm>(graph.node(*reader)) || ir::fused_activation(graph, value) != nullptr ||
         (ir::is_activation(op) && is_any<ir::BatchNorm>(graph.node(value)));
}

/// Prediction maps are called as outputs, whatever the file calls them: cls0 …, reg0 …. Taps for distillation
/// (feat0 …) are outputs of model files alone.
std::string name_of(const ir::Graph& graph, Value value) {
  for (const ir::Output& output : graph.outputs()) {
    if (output.value == value && !output.name.starts_with("feat")) return output.name;
  }
  for (const Value reader : graph.consumers(value)) {
    const ir::Node& node = graph.node(reader);
    if (!is_any<ir::Decode>(node)) continue;
    const auto place = static_cast<size_t>(std::ranges::find(node.inputs, value) - node.inputs.begin());
    const size_t levels = node.inputs.size() / 2;
    return place < levels ? fmt::format("cls{}", place) : fmt::format("reg{}", place - levels);
  }
  return graph.node(value).name;
}

std::string made_by(const ir::Graph& graph, Value value) {
  const ir::Node& node = graph.node(value);
  std::string text(ir::op_name(node.op));
  for (Value source = value; !graph.node(source).inputs.empty();) {
    source = graph.node(source).inputs[0];
    if (!is_inside_a_layer(graph, source)) break;
    text = std::string(ir::op_name(graph.node(source).op)) + " + " + text;
  }
  return text;
}

torch::Tensor image_of(const ir::Graph& graph, std::span<const uint8_t> image) {
  const ir::Shape& shape = graph[0].shape;
  const std::vector<int64_t> one{1, shape[1], shape[2], shape[3]};
  return eager::to_images(image.data(), one);
}

std::vector<float> numbers(const torch::Tensor& tensor) {
  const torch::Tensor flat = tensor.contiguous();
  return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
}

/// The same network with these values as outputs, under the names of their nodes.
ir::Model showing(const ir::Model& model, std::span<const NetworkTensor> tensors) {
  ir::Model result;
  result.weights = model.weights;
  for (const ir::Node& node : model.graph.nodes())
    result.graph.add(node.name, node.op, node.inputs, node.owner);
  for (const NetworkTensor& tensor : tensors)
    result.graph.mark_output(model.graph.node(tensor.value).name, tensor.value);
  return result;
}

class EagerNetwork : public OpenNetwork {
 public:
  EagerNetwork(const ir::Model& model, std::span<const NetworkTensor> tensors)
      : graph_(model.graph), network_(showing(model, tensors)) {}

  std::vector<std::vector<float>> run(std::span<const uint8_t> image) override {
    std::vector<std::vector<float>> all;
    for (const torch::Tensor& tensor : network_.forward(image_of(graph_, image), eager::Mode::evaluate))
      all.push_back(numbers(tensor));
    return all;
  }

 private:
  const ir::Graph& graph_;
  eager::Network network_;
};

class EngineNetwork : public OpenNetwork {
 public:
  EngineNetwork(const fs::path& file, const ir::Model& model, std::span<const NetworkTensor> tensors,
                const infer::RunnerOptions& options) {
    engine::EngineOptions settings{.input = engine::InputLayout::bytes_nchw, .threads = options.threads};
    for (const NetworkTensor& tensor : tensors) settings.taps.push_back(model.graph.node(tensor.value).name);
    engine_ = engine::open(options.engine, file, settings);
    first_ = engine_->outputs().size() - tensors.size();
  }

  std::vector<std::vector<float>> run(std::span<const uint8_t> image) override {
    const auto& outputs = engine_->infer(image);
    std::vector<std::vector<float>> all;
    for (size_t i = first_; i < outputs.size(); ++i)
      all.emplace_back(outputs[i].data.begin(), outputs[i].data.end());
    return all;
  }

 private:
  std::unique_ptr<engine::Engine> engine_;
  size_t first_ = 0;  ///< of the taps among the outputs
};

}  // namespace

std::vector<NetworkTensor> tensors_of(const ir::Model& model) {
  const ir::Graph& graph = model.graph;
  std::vector<NetworkTensor> tensors;
  for (uint32_t id = 0; id < graph.size(); ++id) {
    const ir::Node& node = graph[id];
    if (is_any<ir::Parameter, ir::Decode, ir::FakeQuant>(node)) continue;
    const auto quantizer = std::ranges::find_if(graph.consumers({id}), [&](Value reader) {
      return ir::is_activation_quantizer(graph, graph.node(reader));
    });
    if (quantizer != graph.consumers({id}).end()) {
      const ir::Node& found = graph.node(*quantizer);
      const auto& op = std::get<ir::FakeQuant>(found.op);
      const float step =
          quant::step_size(model.floats(found.inputs[1])[0], quant::integer_range(op.bits, op.is_signed));
      tensors.push_back({name_of(graph, {id}), made_by(graph, {id}), *quantizer, step});
    } else if (!is_any<ir::Input>(node) && !is_inside_a_layer(graph, {id})) {
      tensors.push_back({name_of(graph, {id}), made_by(graph, {id}), {id}, 0});
    }
  }
  return tensors;
}

ir::Model network_of(const fs::path& file) {
  if (kind_of(file) == FileKind::onnx) return onnx::read_onnx(file).model;
  return passes::deploy(checkpoint::read_network({.weights = file}).model);
}

std::unique_ptr<OpenNetwork> open_network(const fs::path& file, const ir::Model& model,
                                          std::span<const NetworkTensor> tensors,
                                          const infer::RunnerOptions& options) {
  if (kind_of(file) == FileKind::onnx) return std::make_unique<EngineNetwork>(file, model, tensors, options);
  infer::set_torch_threads(options.threads);
  return std::make_unique<EagerNetwork>(model, tensors);
}

struct LayerByLayer::State {
  ir::Model model;
  std::vector<std::string> given;  ///< parameters, in the tensors' order
  std::optional<eager::Network> network;
};

LayerByLayer::LayerByLayer(const ir::Model& model, std::span<const NetworkTensor> tensors)
    : state_(std::make_unique<State>()) {
  std::map<uint32_t, size_t> position;
  for (size_t i = 0; i < tensors.size(); ++i) position[tensors[i].value.id] = i;
  state_->given.resize(tensors.size());
  ir::Model& built = state_->model;
  std::vector<Value> read_as(model.graph.size()), shown(tensors.size());
  for (uint32_t id = 0; id < model.graph.size(); ++id) {
    const ir::Node& node = model.graph[id];
    std::vector<Value> inputs;
    for (const Value input : node.inputs) inputs.push_back(read_as[input.id]);
    read_as[id] = built.graph.add(node.name, node.op, std::move(inputs), node.owner);
    if (is_any<ir::Parameter>(node)) built.weights.emplace(node.name, model.weights.at(node.name));
    const auto found = position.find(id);
    if (found == position.end()) continue;
    shown[found->second] = read_as[id];
    std::string& name = state_->given[found->second] = node.name + ".given";
    read_as[id] = built.add_parameter(name, ir::Array::zeros(node.shape), false);
  }
  for (size_t i = 0; i < tensors.size(); ++i)
    built.graph.mark_output(model.graph.node(tensors[i].value).name, shown[i]);
  state_->network.emplace(built);
}

LayerByLayer::~LayerByLayer() = default;

std::vector<std::vector<float>> LayerByLayer::run(std::span<const uint8_t> image,
                                                  std::span<const std::vector<float>> given) {
  const torch::NoGradGuard no_gradients;
  std::map<std::string, torch::Tensor> live;
  for (const eager::NamedTensor& tensor : state_->network->tensors()) live[tensor.name] = tensor.tensor;
  for (size_t i = 0; i < given.size(); ++i) {
    torch::Tensor& tensor = live.at(state_->given[i]);
    tensor.copy_(torch::from_blob(const_cast<float*>(given[i].data()), tensor.sizes()));
  }
  std::vector<std::vector<float>> all;
  for (const torch::Tensor& tensor :
       state_->network->forward(image_of(state_->model.graph, image), eager::Mode::evaluate))
    all.push_back(numbers(tensor));
  return all;
}

}  // namespace y6q::stages
