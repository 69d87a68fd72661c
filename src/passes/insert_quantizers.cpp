#include "passes/insert_quantizers.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/errors.h"
#include "ir/queries.h"
#include "passes/refresh_ranges.h"
#include "passes/rewrite.h"

namespace y6q::passes {
namespace {

using ir::is_any;
using ir::Value;

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

/// By node: is it computed in INT8, can its result not be negative, is its result rounded for all who read
/// it.
struct Plan {
  std::vector<bool> quantized, non_negative, rounded;

  Plan(const ir::Graph& graph, const QuantPolicy& policy)
      : quantized(graph.size()), non_negative(graph.size()), rounded(graph.size()) {
    for (uint32_t id = 0; id < graph.size(); ++id) {
      const ir::Node& node = graph[id];
      const auto is_non_negative = [&](Value input) { return non_negative[input.id]; };
      const ir::Sign sign = ir::sign_of(node.op);
      non_negative[id] = sign == ir::Sign::non_negative ||
                         (sign == ir::Sign::as_inputs &&
                          std::all_of(node.inputs.begin(), node.inputs.end(), is_non_negative));
    }
    for (auto id = static_cast<uint32_t>(graph.size()); id-- > 0;) {  // readers come before what they read
      const ir::Node& node = graph[id];
      if (is_any<ir::Concat>(node)) {
        quantized[id] = is_read_quantized(graph, {id});
      } else {
        quantized[id] = ir::is_layer(node) && !is_kept_float(node, policy) &&
                        !(policy.float_predictions && ir::is_prediction(graph, {id}));
      }
    }
    for (uint32_t id = 0; id < graph.size() && policy.rules.round_results; ++id)
      rounded[id] = is_written_quantized(graph, {id}) && !ir::is_prediction(graph, {id});
  }

  bool is_read_quantized(const ir::Graph& graph, Value value) const {
    const auto& readers = graph.consumers(value);
    return std::any_of(readers.begin(), readers.end(), [&](Value reader) { return quantized[reader.id]; });
  }

 private:
  static bool is_kept_float(const ir::Node& node, const QuantPolicy& policy) {
    return policy.keep_float.contains(node.name) ||
           (is_any<ir::ConvTranspose2d>(node) && policy.rules.transposed == quant::Transposed::unquantized);
  }

  bool is_written_quantized(const ir::Graph& graph, Value value) const {
    const ir::Node& node = graph.node(value);
    if (!ir::is_activation(node.op))
      return quantized[value.id] && ir::fused_activation(graph, value) == nullptr;
    return quantized[node.inputs[0].id] && ir::fused_activation(graph, node.inputs[0]) != nullptr;
  }
};

class Insertion {
 public:
  Insertion(const ir::Model& model, const QuantPolicy& policy)
      : model_(model),
        policy_(policy),
        plan_(model.graph, policy),
        rewriter_(model),
        quantized_(model.graph.size()) {}

  ir::Model run() {
    for (const Value value : rewriter_.old_values()) {
      const ir::Node& node = model_.graph.node(value);
      keep(value, node);
      const bool array = is_any<ir::Parameter>(node);
      if (!array && (plan_.rounded[value.id] || plan_.is_read_quantized(model_.graph, value)))
        quantize_activation(value, node);
    }
    return rewriter_.finish();
  }

 private:
  static constexpr Value kNone{};  // value 0 of a graph is never a quantizer

  /// Copies the node. What it reads quantized: all operands of a quantized layer, and rounded results.
  void keep(Value value, const ir::Node& node) {
    const bool is_quantized = plan_.quantized[value.id];
    std::vector<Value> inputs;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const Value input = node.inputs[i];
      if (is_quantized && i == 1 && ir::is_convolution(node)) {
        inputs.push_back(quantized_weight(input, weight_axis(node)));
      } else {
        const Value quantizer = quantized_[input.id];  // a bias has none
        const bool reads_quantizer = quantizer != kNone && (is_quantized || plan_.rounded[input.id]);
        inputs.push_back(reads_quantizer ? quantizer : rewriter_.mapped(input));
      }
    }
    rewriter_.keep_with(value, std::move(inputs));
  }

  int64_t weight_axis(const ir::Node& node) const {
    if (is_any<ir::Conv2d>(node)) return 0;
    return policy_.rules.transposed == quant::Transposed::per_channel ? 1 : -1;
  }

  void quantize_activation(Value value, const ir::Node& node) {
    const bool is_signed = !policy_.rules.unsigned_where_possible || !plan_.non_negative[value.id];
    quantized_[value.id] = add_quantizer(node, rewriter_.mapped(value), ir::Array::scalar(0),
                                         {.bits = policy_.bits,
                                          .channel_axis = -1,
                                          .is_signed = is_signed,
                                          .half_scale = policy_.rules.half_scales});
  }

  Value quantized_weight(Value weight, int64_t axis) {
    Value& result = quantized_[weight.id];
    if (result == kNone) {
      const ir::FakeQuant op{
          .bits = policy_.rules.weight_bits, .channel_axis = axis, .half_scale = policy_.rules.half_scales};
      result = add_quantizer(model_.graph.node(weight), rewriter_.mapped(weight),
                             weight_ranges(model_.weight(weight), op), op);
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
    if (ir::is_layer(node)) names.push_back(node.name);
  }
  return names;
}

}  // namespace y6q::passes
