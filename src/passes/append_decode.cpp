#include "passes/append_decode.h"

#include "base/errors.h"
#include "passes/rewrite.h"

namespace y6q::passes {
namespace {

ir::Value output(const ir::Graph& graph, const std::string& name) {
  if (const auto value = graph.find_output(name)) return *value;
  std::string names;
  for (const ir::Output& other : graph.outputs()) names += (names.empty() ? "" : ", ") + other.name;
  throw InputError("model: there is no output '{}'; outputs are {}", name, names);
}

/// The nodes of the model under their ids, without outputs.
ir::Model nodes_of(const ir::Model& model) {
  ir::Model result;
  for (const ir::Node& node : model.graph.nodes())
    result.graph.add(node.name, node.op, node.inputs, node.owner);
  result.weights = model.weights;
  return result;
}

}  // namespace

ir::Model append_decode(const ir::Model& model, const std::vector<int64_t>& strides) {
  std::vector<ir::Value> inputs;
  for (const char* kind : {"cls", "reg"}) {
    for (size_t level = 0; level < strides.size(); ++level) {
      inputs.push_back(output(model.graph, kind + std::to_string(level)));
    }
  }
  ir::Model result = model;
  result.graph.mark_output("outputs", result.graph.add("decode", ir::Decode{strides}, std::move(inputs)));
  return result;
}

ir::Model select_outputs(const ir::Model& model, const std::vector<std::string>& names) {
  ir::Model result = nodes_of(model);
  for (const std::string& name : names) result.graph.mark_output(name, output(model.graph, name));
  return without_dead_nodes(result);
}

}  // namespace y6q::passes
