#include "passes/fold_batch_norm.h"

#include <cmath>

#include "ir/queries.h"
#include "passes/affine.h"
#include "passes/rewrite.h"

namespace y6q::passes {
namespace {

using ir::Value;

/// A Parameter, or one behind a quantizer with a range for each output channel, that nothing else reads.
bool is_array_of_one(const ir::Graph& graph, Value value) {
  if (ir::sole_consumer(graph, value) == nullptr) return false;
  const ir::Node& node = graph.node(value);
  if (std::holds_alternative<ir::Parameter>(node.op)) return true;
  const auto* quantizer = std::get_if<ir::FakeQuant>(&node.op);
  return quantizer != nullptr && quantizer->channel_axis == 0 && is_array_of_one(graph, node.inputs[0]) &&
         is_array_of_one(graph, node.inputs[1]);
}

/// The BatchNorm that alone reads this convolution.
const Value* foldable(const ir::Graph& graph, Value conv) {
  const ir::Node& node = graph.node(conv);
  if (!std::holds_alternative<ir::Conv2d>(node.op)) return nullptr;
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    if (!is_array_of_one(graph, node.inputs[i])) return nullptr;
  }
  const Value* reader = ir::sole_consumer(graph, conv);
  const bool norm = reader != nullptr && std::holds_alternative<ir::BatchNorm>(graph.node(*reader).op);
  return norm && graph.node(*reader).inputs[0] == conv ? reader : nullptr;
}

/// The Parameter that a convolution's weight is, before its quantizer.
Value array_of(const ir::Graph& graph, Value weight) {
  const ir::Node& node = graph.node(weight);
  return std::holds_alternative<ir::FakeQuant>(node.op) ? node.inputs[0] : weight;
}

/// Scales each output channel of [O, I, h, w].
ir::Array scaled(ir::Array weight, const std::vector<double>& scale) {
  std::vector<float>& values = weight.floats();
  const size_t row = values.size() / scale.size();
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(static_cast<double>(values[i]) * scale[i / row]);
  }
  return weight;
}

Value folded(Rewriter& rewriter, const ir::Model& model, Value conv, const Affine& norm) {
  const ir::Graph& graph = model.graph;
  const ir::Node& node = graph.node(conv);
  const Value weight = array_of(graph, node.inputs[1]);
  ir::Array bias = ir::Array::zeros({static_cast<int64_t>(norm.shift.size())});
  for (size_t c = 0; c < norm.shift.size(); ++c) {
    const double before = node.inputs.size() > 2 ? static_cast<double>(model.floats(node.inputs[2])[c]) : 0;
    bias.floats()[c] = static_cast<float>(before * norm.scale[c] + norm.shift[c]);
  }
  rewriter.set_array(weight, scaled(model.weight(weight), norm.scale));
  if (const Value quantizer = node.inputs[1]; quantizer != weight) {
    const Value ranges = graph.node(quantizer).inputs[1];
    std::vector<double> magnitudes = norm.scale;
    for (double& scale : magnitudes) scale = std::fabs(scale);
    rewriter.set_array(ranges, scaled(model.weight(ranges), magnitudes));
  }
  std::vector<Value> inputs{rewriter.mapped(node.inputs[0]), rewriter.mapped(node.inputs[1])};
  if (node.inputs.size() > 2) {
    rewriter.set_array(node.inputs[2], std::move(bias));
    inputs.push_back(rewriter.mapped(node.inputs[2]));
  } else {
    const std::string name = rewriter.free_name(node.name + ".bias");
    inputs.push_back(rewriter.add_parameter(name, std::move(bias), true, node.owner));
  }
  return rewriter.keep_with(conv, std::move(inputs));
}

}  // namespace

ir::Model fold_batch_norm(const ir::Model& model) {
  Rewriter rewriter(model);
  for (const Value value : rewriter.old_values()) {
    const ir::Node& node = model.graph.node(value);
    if (const Value* norm = foldable(model.graph, value)) {
      folded(rewriter, model, value, affine_of_batch_norm(model, *norm));
    } else if (std::holds_alternative<ir::BatchNorm>(node.op) &&
               foldable(model.graph, node.inputs[0]) != nullptr) {
      rewriter.replace(value, rewriter.mapped(node.inputs[0]));
    } else {
      rewriter.keep(value);
    }
  }
  return rewriter.finish();
}

}  // namespace y6q::passes
