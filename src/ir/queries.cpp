#include "ir/queries.h"

#include <algorithm>
#include <span>

namespace y6q::ir {
namespace {

bool quantizes_a_parameter(const Graph& graph, const Node& quantizer) {
  return std::holds_alternative<Parameter>(graph.node(quantizer.inputs[0]).op);
}

struct Facts {
  Sign sign = Sign::any;
  bool is_activation = false;
  bool is_homogeneous = false;
};

/// Without a case for every other operator: the compiler asks what a new one is.
Facts facts_of(const Op& op) {
  return std::visit(overloaded{
                        [](const Input&) { return Facts{Sign::non_negative}; },
                        [](const Parameter&) { return Facts{}; },
                        [](const Conv2d&) { return Facts{}; },
                        [](const ConvTranspose2d&) { return Facts{}; },
                        [](const BatchNorm&) { return Facts{}; },
                        [](const Relu&) {
                          return Facts{Sign::non_negative, true, true};
                        },
                        [](const Silu&) {
                          return Facts{Sign::any, true};
                        },
                        [](const Add&) { return Facts{Sign::as_inputs}; },
                        [](const ChannelScale&) { return Facts{}; },
                        [](const MaxPool2d&) { return Facts{Sign::as_inputs}; },
                        [](const AvgPool2d&) { return Facts{Sign::as_inputs}; },
                        [](const Concat&) { return Facts{Sign::as_inputs}; },
                        [](const FakeQuant&) { return Facts{Sign::as_inputs}; },
                        [](const Decode&) { return Facts{}; },
                    },
                    op);
}

}  // namespace

bool is_convolution(const Node& node) { return is_any<Conv2d, ConvTranspose2d>(node); }

bool is_layer(const Node& node) { return is_any<Conv2d, ConvTranspose2d, MaxPool2d>(node); }

bool is_weight_quantizer(const Graph& graph, const Node& node) {
  return std::holds_alternative<FakeQuant>(node.op) && quantizes_a_parameter(graph, node);
}

bool is_activation_quantizer(const Graph& graph, const Node& node) {
  const auto* quantizer = std::get_if<FakeQuant>(&node.op);
  return quantizer != nullptr && quantizer->channel_axis < 0 && !quantizes_a_parameter(graph, node);
}

std::vector<Value> activation_quantizers(const Graph& graph) {
  std::vector<Value> quantizers;
  for (uint32_t id = 0; id < graph.size(); ++id) {
    if (is_activation_quantizer(graph, graph[id])) quantizers.push_back({id});
  }
  return quantizers;
}

bool is_quantized_layer(const Graph& graph, const Node& node) {
  const auto is_quantizer = [&](Value operand) {
    return std::holds_alternative<FakeQuant>(graph.node(operand).op);
  };
  return is_layer(node) &&
         std::ranges::all_of(std::span(node.inputs).first(std::min<size_t>(node.inputs.size(), 2)),
                             is_quantizer);
}

bool is_float_layer(const Graph& graph, const Node& node) {
  return is_layer(node) && !is_quantized_layer(graph, node);
}

bool has_quantizers(const Graph& graph) {
  return std::ranges::any_of(graph.nodes(),
                             [](const Node& node) { return std::holds_alternative<FakeQuant>(node.op); });
}

const Value* sole_consumer(const Graph& graph, Value value) {
  const auto& readers = graph.consumers(value);
  return readers.size() == 1 && !graph.is_output(value) ? &readers[0] : nullptr;
}

bool is_activation(const Op& op) { return facts_of(op).is_activation; }

bool is_homogeneous(const Op& op) { return facts_of(op).is_homogeneous; }

Sign sign_of(const Op& op) { return facts_of(op).sign; }

const Value* fused_activation(const Graph& graph, Value convolution) {
  const Op& op = graph.node(convolution).op;
  if (!std::holds_alternative<Conv2d>(op) && !std::holds_alternative<ConvTranspose2d>(op)) return nullptr;
  const Value* reader = sole_consumer(graph, convolution);
  return reader != nullptr && is_activation(graph.node(*reader).op) ? reader : nullptr;
}

bool is_prediction(const Graph& graph, Value value) {
  const auto named = [&](const Output& output) {
    return output.value == value && (output.name.starts_with("cls") || output.name.starts_with("reg"));
  };
  const auto decodes = [&](Value reader) { return std::holds_alternative<Decode>(graph.node(reader).op); };
  return std::ranges::any_of(graph.outputs(), named) || std::ranges::any_of(graph.consumers(value), decodes);
}

}  // namespace y6q::ir
