#include "passes/insert_quantizers.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/errors.h"
#include "ir/queries.h"
#include "passes/refresh_weight_ranges.h"
#include "passes/rewrite.h"

namespace y6q::passes {
namespace {

using ir::Value;

template <typename... Ops>
bool is_any(const ir::Node& node) {
  return (std::holds_alternative<Ops>(node.op) || ...);
}

bool is_layer(const ir::Node& node) { return is_any<ir::Conv2d, ir::ConvTranspose2d, ir::MaxPool2d>(node); }

void check(const ir::Graph& graph, const QuantPolicy& policy) {
  const auto layers = quantizable_layers(graph);
  for (const std::string& name : policy.keep_float) {
    if (std::find(layers.begin(), layers.end(), name) == layers.end()) {
      throw UsageError("quantization: there is no layer '{}' to keep in float; layers are {}", name,
                       fmt::join(layers, ", "));
    }
  }
  if (ir::has_quantizers(graph)) {
    throw UnsupportedError("quantization: the model has quantizers already; start from its float model");
  }
}

/// By node: is it computed in INT8, and can its result not be negative.
struct Plan {
  std::vector<bool> quantized, non_negative;

  Plan(const ir::Graph& graph, const QuantPolicy& policy)
      : quantized(graph.size()), non_negative(graph.size()) {
    for (uint32_t id = 0; id < graph.size(); ++id) {
      const ir::Node& node = graph[id];
      const bool passes_on = is_any<ir::MaxPool2d, ir::Concat>(node);
      const auto is_non_negative = [&](Value input) { return non_negative[input.id]; };
      non_negative[id] = is_any<ir::Input, ir::Relu>(node) ||
                         (passes_on && std::all_of(node.inputs.begin(), node.inputs.end(), is_non_negative));
    }
    for (auto id = static_cast<uint32_t>(graph.size()); id-- > 0;) {  // readers come before what they read
      const ir::Node& node = graph[id];
      if (is_any<ir::Concat>(node)) {
        quantized[id] = is_read_quantized(graph, {id});
      } else {
        quantized[id] = is_layer(node) && !policy.keep_float.contains(node.name) &&
                        !(policy.float_predictions && ir::is_prediction(graph, {id}));
      }
    }
  }

  bool is_read_quantized(const ir::Graph& graph, Value value) const {
    const auto& readers = graph.consumers(value);
    return std::any_of(readers.begin(), readers.end(), [&](Value reader) { return quantized[reader.id]; });
  }
};

class Insertion {
 public:
  Insertion(const ir::Model& model, const QuantPolicy& policy)
      : model_(model),
        policy_(policy),
        weight_bits_(quant::weight_bits(policy.scheme, policy.weight_bits)),
        plan_(model.graph, policy),
        rewriter_(model),
        quantized_(model.graph.size()) {}

  ir::Model run() {
    for (const Value value : rewriter_.old_values()) {
      const ir::Node& node = model_.graph.node(value);
      if (plan_.quantized[value.id]) {
        keep_quantized(value, node);
      } else {
        rewriter_.keep(value);
      }
      const bool array = is_any<ir::Parameter>(node);
      if (!array && plan_.is_read_quantized(model_.graph, value)) quantize_activation(value, node);
    }
    return rewriter_.finish();
  }

 private:
  static constexpr Value kNone{};  // value 0 of a graph is never a quantizer

  void keep_quantized(Value value, const ir::Node& node) {
    std::vector<Value> inputs;
    const bool has_weight = is_any<ir::Conv2d, ir::ConvTranspose2d>(node);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const Value input = node.inputs[i];
      if (has_weight && i == 1) {
        inputs.push_back(quantized_weight(input, is_any<ir::Conv2d>(node) ? 0 : 1));
      } else {
        const Value quantizer = quantized_[input.id];  // a bias has none
        inputs.push_back(quantizer == kNone ? rewriter_.mapped(input) : quantizer);
      }
    }
    rewriter_.keep_with(value, std::move(inputs));
  }

  void quantize_activation(Value value, const ir::Node& node) {
    const bool is_signed = policy_.scheme == quant::Scheme::tensorrt || !plan_.non_negative[value.id];
    quantized_[value.id] = add_quantizer(node, rewriter_.mapped(value), ir::Array::scalar(0),
                                         {.bits = policy_.bits, .channel_axis = -1, .is_signed = is_signed});
  }

  Value quantized_weight(Value weight, int64_t axis) {
    Value& result = quantized_[weight.id];
    if (result == kNone) {
      const ir::Array ranges = channel_ranges(model_.weight(weight), axis);
      result = add_quantizer(model_.graph.node(weight), rewriter_.mapped(weight), ranges,
                             {.bits = weight_bits_, .channel_axis = axis});
    }
    return result;
  }

  Value add_quantizer(const ir::Node& source, Value value, ir::Array ranges, ir::FakeQuant op) {
    const Value amax = rewriter_.add_parameter(rewriter_.free_name(source.name + ".amax"), std::move(ranges),
                                               false, source.owner);
    return rewriter_.add(rewriter_.free_name(source.name + ".quant"), op, {value, amax}, source.owner);
  }

  const ir::Model& model_;
  const QuantPolicy& policy_;
  int64_t weight_bits_;
  Plan plan_;
  Rewriter rewriter_;
  std::vector<Value> quantized_;  ///< by old value: its quantizer in the new graph
};

}  // namespace

ir::Model insert_quantizers(const ir::Model& model, const QuantPolicy& policy) {
  check(model.graph, policy);
  return Insertion(model, policy).run();
}

std::vector<std::string> quantizable_layers(const ir::Graph& graph) {
  std::vector<std::string> names;
  for (const ir::Node& node : graph.nodes()) {
    if (is_layer(node)) names.push_back(node.name);
  }
  return names;
}

}  // namespace y6q::passes
