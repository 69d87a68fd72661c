#include "eager/network.h"

#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/maximum.h>

#include <algorithm>
#include <optional>

#include "base/errors.h"
#include "eager/batch_norm_kernel.h"
#include "eager/bf16_copies.h"
#include "eager/fake_quant.h"
#include "eager/fake_quant_operators.h"
#include "eager/learned_range.h"
#include "eager/run_operator.h"
#include "eager/weight_quantizers.h"
#include "ir/queries.h"

namespace y6q::eager {
namespace {

using torch::Tensor;

/// spec/02 §7: gains of batch normalisation are not decayed, other weights are, biases are not.
Kind kind_of(const ir::Graph& graph, ir::Value parameter, bool learn_ranges) {
  const bool trainable = std::get<ir::Parameter>(graph.node(parameter).op).trainable;
  for (const ir::Value reader : graph.consumers(parameter)) {
    const ir::Node& node = graph.node(reader);
    if (learn_ranges && ir::is_activation_quantizer(graph, node)) return Kind::range;
    if (!trainable) return std::holds_alternative<ir::BatchNorm>(node.op) ? Kind::statistics : Kind::buffer;
    if (std::holds_alternative<ir::BatchNorm>(node.op)) {
      return node.inputs[1] == parameter ? Kind::bn_gain : Kind::bias;
    }
    if (node.inputs.size() > 2 && node.inputs[2] == parameter) return Kind::bias;
  }
  return trainable ? Kind::weight : Kind::buffer;
}

Tensor to_tensor(const ir::Array& array, bool channels_last) {
  const std::vector<float>& values = array.floats();
  Tensor tensor = torch::empty(array.shape, torch::kFloat32);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<float>());
  return channels_last && tensor.dim() == 4 ? tensor.contiguous(torch::MemoryFormat::ChannelsLast) : tensor;
}

ir::Array to_array(const Tensor& tensor) {
  const Tensor plain = tensor.detach().cpu().contiguous();
  const float* data = plain.const_data_ptr<float>();
  return {plain.sizes().vec(), std::vector<float>(data, data + plain.numel())};
}

/// One node that computes something, and which results are not needed after it.
struct Step {
  uint32_t node;
  bool may_overwrite;
  bool quantizer_rectifies;  ///< of an activation and of the quantizer that alone reads it: the latter does
                             ///< both
  bool norm_rectifies;       ///< of a batch normalisation and of the activation that alone reads it: the
                             ///< former does both
  /// Of a batch normalisation: the nodes behind it up to a quantizer, which nobody else reads; a kernel may
  /// do all.
  std::vector<uint32_t> up_to_quantizer;
  std::vector<uint32_t> released;
};

bool is_computed(const ir::Node& node) {
  return !std::holds_alternative<ir::Input>(node.op) && !std::holds_alternative<ir::Parameter>(node.op);
}

/// Results that autograd does not keep and nobody else reads: an activation may be written over them.
bool may_overwrite(const ir::Graph& graph, const ir::Node& node) {
  if (!std::holds_alternative<ir::Relu>(node.op)) return false;
  const ir::Value source = node.inputs[0];
  const ir::Op& producer = graph.node(source).op;
  return graph.consumers(source).size() == 1 && !graph.is_output(source) &&
         (std::holds_alternative<ir::BatchNorm>(producer) || std::holds_alternative<ir::Conv2d>(producer) ||
          std::holds_alternative<ir::Add>(producer));
}

/// The activation that only a quantizer reads.
bool is_read_by_quantizer(const ir::Graph& graph, uint32_t id) {
  if (!std::holds_alternative<ir::Relu>(graph[id].op) || graph.is_output({id})) return false;
  const auto readers = graph.consumers({id});
  return readers.size() == 1 && std::holds_alternative<ir::FakeQuant>(graph.node(readers[0]).op);
}

bool quantizer_rectifies(const ir::Graph& graph, uint32_t id) {
  return is_read_by_quantizer(graph, id) || (std::holds_alternative<ir::FakeQuant>(graph[id].op) &&
                                             is_read_by_quantizer(graph, graph[id].inputs[0].id));
}

bool is_normalised_activation(const ir::Graph& graph, uint32_t id) {
  if (!std::holds_alternative<ir::Relu>(graph[id].op) || is_read_by_quantizer(graph, id)) return false;
  const ir::Value source = graph[id].inputs[0];
  return std::holds_alternative<ir::BatchNorm>(graph.node(source).op) && !graph.is_output(source) &&
         graph.consumers(source).size() == 1;
}

bool norm_rectifies(const ir::Graph& graph, uint32_t id) {
  if (!std::holds_alternative<ir::BatchNorm>(graph[id].op)) return is_normalised_activation(graph, id);
  const auto readers = graph.consumers({id});
  return readers.size() == 1 && is_normalised_activation(graph, readers[0].id);
}

std::vector<uint32_t> up_to_quantizer(const ir::Graph& graph, uint32_t id) {
  std::vector<uint32_t> nodes;
  if (!std::holds_alternative<ir::BatchNorm>(graph[id].op)) return nodes;
  for (ir::Value value{id}; !std::holds_alternative<ir::FakeQuant>(graph.node(value).op);) {
    const auto readers = graph.consumers(value);
    if (readers.size() != 1 || graph.is_output(value)) return {};
    value = readers[0];
    const ir::Node& reader = graph.node(value);
    const bool rectifies = std::holds_alternative<ir::Relu>(reader.op) && nodes.empty();
    if (!rectifies && !ir::is_activation_quantizer(graph, reader)) return {};
    nodes.push_back(value.id);
  }
  return nodes;
}

/// A parameter of a convolution, which computes in the activations' type.
bool is_read_by_layer(const ir::Graph& graph, uint32_t id) {
  if (!std::holds_alternative<ir::Parameter>(graph[id].op)) return false;
  const auto readers = graph.consumers({id});
  return !readers.empty() && std::ranges::all_of(readers, [&](ir::Value reader) {
    return ir::is_convolution(graph.node(reader));
  });
}

std::vector<Step> make_steps(const ir::Graph& graph) {
  std::vector<Step> steps;
  for (uint32_t id = 0; id < graph.size(); ++id) {
    const ir::Node& node = graph[id];
    if (!is_computed(node)) continue;
    Step step{id,
              may_overwrite(graph, node),
              quantizer_rectifies(graph, id),
              norm_rectifies(graph, id),
              up_to_quantizer(graph, id),
              {}};
    for (const ir::Value input : node.inputs) {
      const bool last_reader = graph.consumers(input).back().id == id;
      const bool is_parameter = std::holds_alternative<ir::Parameter>(graph.node(input).op);
      if (last_reader && !is_parameter && !graph.is_output(input)) step.released.push_back(input.id);
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace

struct Network::Plan {
  ir::Graph graph;
  NetworkOptions options;
  std::vector<NamedTensor> tensors;
  std::vector<int64_t> tensor_of_node;  ///< position in `tensors`, -1 for nodes that are no parameters
  std::vector<Step> steps;
  uint32_t input = 0;
  bool quantized = false;
  Observer observer;
  std::vector<uint32_t> copied;  ///< parameters that bf16 needs copies of
  std::optional<Bf16Copies> copies;
  std::vector<uint32_t> weight_quantizers;
  std::optional<WeightQuantizers> together;

  /// Results, and parameters that have been put there; else the parameter itself.
  Tensor operand(const std::vector<Tensor>& results, ir::Value value) const {
    const Tensor& result = results[value.id];
    return result.defined() || tensor_of_node[value.id] < 0 ? result : tensor_of(value);
  }

  /// Puts BF16 copies of the parameters that convolutions read among the results.
  void copy_parameters(std::vector<Tensor>& results) {
    if (!copies) {
      std::vector<Tensor> sources;
      for (const uint32_t id : copied) sources.push_back(tensor_of({id}));
      copies.emplace(std::move(sources));
    }
    const std::vector<Tensor> made = copies->make();
    for (size_t i = 0; i < made.size(); ++i) results[copied[i]] = made[i];
  }

  /// Puts rounded weights among the results.
  void round_weights(std::vector<Tensor>& results, at::ScalarType type) {
    if (!together) {
      std::vector<WeightQuantizers::Quantizer> quantizers;
      for (const uint32_t id : weight_quantizers) {
        const ir::Node& node = graph[id];
        quantizers.push_back({tensor_of(node.inputs[0]), tensor_of(node.inputs[1]),
                              rounding_of(std::get<ir::FakeQuant>(node.op), false, type)});
      }
      together.emplace(std::move(quantizers));
    }
    const std::vector<Tensor> made = together->make();
    for (size_t i = 0; i < made.size(); ++i) results[weight_quantizers[i]] = made[i];
  }

  /// In training, where a kernel takes them: a batch normalisation with all up to a quantizer whose range
  /// does not learn.
  bool run_up_to_quantizer(const Step& step, std::vector<Tensor>& results) const {
    if (step.up_to_quantizer.empty() || options.sync_batch_norm != nullptr) return false;
    const ir::Node& node = graph[step.node];
    const ir::Node& quantizer = graph[step.up_to_quantizer.back()];
    const Tensor &source = results[node.inputs[0].id], &range = tensor_of(quantizer.inputs[1]);
    if (range.requires_grad() || !fits_cuda_batch_norm(source)) return false;
    const auto& op = std::get<ir::BatchNorm>(node.op);
    const auto parameter = [&](size_t i) { return tensor_of(node.inputs[i]); };
    const Tensor made = batch_norm_on_cuda(source, parameter(1), parameter(2), parameter(3), parameter(4),
                                           {op.momentum, op.eps, step.up_to_quantizer.size() > 1, range,
                                            rounding_of(std::get<ir::FakeQuant>(quantizer.op)).range});
    results[step.node] = made;
    for (const uint32_t id : step.up_to_quantizer) results[id] = made;
    return true;
  }

  /// Of a Parameter.
  const Tensor& tensor_of(ir::Value parameter) const {
    return tensors[static_cast<size_t>(tensor_of_node[parameter.id])].tensor;
  }

  /// A weight, the range of its quantizer, and the axes that the range is taken over.
  struct Follower {
    Tensor weight, range;
    std::vector<int64_t> others;
  };
  /// Weight quantizers that round alike, so that few launches serve all of them.
  std::vector<std::pair<ir::FakeQuant, std::vector<Follower>>> followers() const {
    std::vector<std::pair<ir::FakeQuant, std::vector<Follower>>> alike;
    for (const ir::Node& node : graph.nodes()) {
      if (!ir::is_weight_quantizer(graph, node)) continue;
      const auto& quantizer = std::get<ir::FakeQuant>(node.op);
      Follower follower{tensor_of(node.inputs[0]), tensor_of(node.inputs[1]), {}};
      for (int64_t axis = 0; axis < follower.weight.dim(); ++axis) {
        if (axis != quantizer.channel_axis) follower.others.push_back(axis);
      }
      auto group = std::ranges::find_if(alike, [&](const auto& entry) {
        return entry.first.bits == quantizer.bits && entry.first.is_signed == quantizer.is_signed &&
               entry.first.half_scale == quantizer.half_scale;
      });
      if (group == alike.end()) group = alike.insert(alike.end(), {quantizer, {}});
      group->second.push_back(std::move(follower));
    }
    return alike;
  }

  /// type: of the activations.
  Tensor quantize(const Step& step, const std::vector<Tensor>& operands, Mode mode,
                  at::ScalarType type) const {
    const ir::Node& node = graph[step.node];
    if (mode == Mode::observe) {
      if (observer && ir::is_activation_quantizer(graph, node)) observer(node, operands[0]);
      return operands[0];
    }
    const auto& op = std::get<ir::FakeQuant>(node.op);
    const Tensor rounded =
        fake_quantize(operands[0], operands[1].detach(), op, step.quantizer_rectifies, type);
    if (mode != Mode::train || !operands[1].requires_grad()) return rounded;
    return with_learned_range(rounded, operands[0], operands[1], op, step.quantizer_rectifies);
  }

  Tensor run(const Step& step, const std::vector<Tensor>& results, Mode mode, at::ScalarType type) const {
    const ir::Node& node = graph[step.node];
    std::vector<Tensor> operands;
    for (const ir::Value input_value : node.inputs) operands.push_back(operand(results, input_value));
    if (std::holds_alternative<ir::FakeQuant>(node.op)) return quantize(step, operands, mode, type);
    const bool is_done = (step.quantizer_rectifies && mode != Mode::observe) || step.norm_rectifies;
    if (is_done && std::holds_alternative<ir::Relu>(node.op)) return operands[0];
    return run_operator(
        node.op, operands,
        {mode == Mode::train, options.sync_batch_norm, step.may_overwrite, step.norm_rectifies});
  }

  std::vector<Tensor> forward(const Tensor& images, Mode mode) {
    std::vector<Tensor> results(graph.size());
    const auto format =
        options.channels_last ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
    // What is measured of a simulated INT8 network stays in float32: code times scale is no BF16 number.
    const bool exact = quantized && mode != Mode::train;
    const auto type = options.bf16 && !exact ? torch::kBFloat16 : torch::kFloat32;
    results[input] = images.to(images.device(), type, false, false, format);
    if (type == torch::kBFloat16 && options.copies_together) copy_parameters(results);
    if (mode == Mode::train && options.copies_together) round_weights(results, type);
    for (const Step& step : steps) {
      const bool is_made =
          results[step.node].defined() || (mode == Mode::train && run_up_to_quantizer(step, results));
      if (!is_made) results[step.node] = run(step, results, mode, type);
      for (const uint32_t released : step.released) results[released] = Tensor();
    }
    std::vector<Tensor> outputs;
    for (const ir::Output& output : graph.outputs())
      outputs.push_back(results[output.value.id].to(torch::kFloat32));
    return outputs;
  }
};

Network::Network(const ir::Model& model, const NetworkOptions& options) : plan_(std::make_unique<Plan>()) {
  plan_->graph = model.graph;
  plan_->options = options;
  plan_->quantized = ir::has_quantizers(model.graph);
  plan_->tensor_of_node.assign(model.graph.size(), -1);
  std::optional<uint32_t> input;
  for (uint32_t id = 0; id < model.graph.size(); ++id) {
    const ir::Node& node = model.graph[id];
    if (std::holds_alternative<ir::Input>(node.op)) {
      if (input)
        throw UnsupportedError("network: has the inputs '{}' and '{}', one is accepted",
                               model.graph[*input].name, node.name);
      input = id;
    }
    if (!std::holds_alternative<ir::Parameter>(node.op)) continue;
    const Kind kind = kind_of(model.graph, {id}, options.learn_ranges);
    Tensor tensor = to_tensor(model.weight({id}), options.channels_last).to(options.device);
    tensor.set_requires_grad(learns(kind));
    plan_->tensor_of_node[id] = static_cast<int64_t>(plan_->tensors.size());
    plan_->tensors.push_back({node.name, kind, std::move(tensor)});
  }
  if (!input) throw InputError("network: has no Input node");
  plan_->input = *input;
  plan_->steps = make_steps(model.graph);
  for (uint32_t id = 0; id < model.graph.size(); ++id) {
    if (is_read_by_layer(model.graph, id)) plan_->copied.push_back(id);
    if (ir::is_weight_quantizer(model.graph, model.graph[id])) plan_->weight_quantizers.push_back(id);
  }
}

Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;

std::vector<Tensor> Network::forward(const Tensor& images, Mode mode) {
  if (mode == Mode::train) return plan_->forward(images, mode);
  const torch::NoGradGuard no_gradients;
  return plan_->forward(images, mode);
}

size_t Network::output_index(std::string_view name) const {
  const auto& outputs = plan_->graph.outputs();
  const auto found =
      std::find_if(outputs.begin(), outputs.end(), [&](const ir::Output& o) { return o.name == name; });
  if (found == outputs.end()) throw InternalError("network: has no output '{}'", name);
  return static_cast<size_t>(found - outputs.begin());
}

void Network::follow_weights() {
  const torch::NoGradGuard no_gradients;
  for (NamedTensor& named : plan_->tensors) {
    if (named.kind == Kind::range) named.tensor.copy_(at::maximum(named.tensor, named.tensor.neg()));
  }
  for (const auto& [quantizer, followers] : plan_->followers()) {
    std::vector<Tensor> most, least, ranges;
    std::vector<int64_t> lengths;
    for (const auto& [weight, range, others] : followers) {
      const bool one_by_one = others.empty();  // LibTorch takes no axes for all
      most.push_back(one_by_one ? weight : weight.amax(others).flatten());
      least.push_back(one_by_one ? weight : weight.amin(others).flatten());
      lengths.push_back(range.numel());
      ranges.push_back(range.view(-1));
    }
    const Tensor all = at::maximum(torch::cat(most), torch::cat(least).neg());
    at::_foreach_copy_(
        ranges,
        (quantizer.half_scale ? ranges_of_half_steps(all, quantizer) : all).split_with_sizes(lengths));
  }
}

void Network::set_observer(Observer observer) { plan_->observer = std::move(observer); }

const std::vector<NamedTensor>& Network::tensors() const { return plan_->tensors; }

ir::Model Network::snapshot() const {
  ir::Model model{plan_->graph, {}};
  for (const NamedTensor& entry : plan_->tensors) model.weights[entry.name] = to_array(entry.tensor);
  return model;
}

}  // namespace y6q::eager
