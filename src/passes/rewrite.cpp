#include "passes/rewrite.h"

#include <fmt/format.h>

namespace y6q::passes {

using ir::Value;

std::vector<Value> Rewriter::old_values() const {
  std::vector<Value> values(old_.graph.size());
  for (uint32_t id = 0; id < values.size(); ++id) values[id] = {id};
  return values;
}

Value Rewriter::keep(Value old_value) {
  std::vector<Value> inputs;
  for (const Value input : old_.graph.node(old_value).inputs) inputs.push_back(mapped(input));
  return keep_with(old_value, std::move(inputs));
}

Value Rewriter::keep_with(Value old_value, std::vector<Value> inputs) {
  const ir::Node& node = old_.graph.node(old_value);
  const Value value = result_.graph.add(node.name, node.op, std::move(inputs), node.owner);
  if (std::holds_alternative<ir::Parameter>(node.op)) result_.weights[node.name] = old_.weight(old_value);
  replace(old_value, value);
  return value;
}

Value Rewriter::add(std::string name, ir::Op op, std::vector<Value> inputs, std::string owner) {
  return result_.graph.add(std::move(name), std::move(op), std::move(inputs), std::move(owner));
}

Value Rewriter::add_parameter(std::string name, ir::Array array, bool trainable, std::string owner) {
  return result_.add_parameter(std::move(name), std::move(array), trainable, std::move(owner));
}

void Rewriter::set_array(Value old_parameter, ir::Array array) {
  result_.weights.at(old_.graph.node(old_parameter).name) = std::move(array);
}

std::string Rewriter::free_name(const std::string& wish) const {
  const auto taken = [&](const std::string& name) {
    return old_.graph.find(name) || result_.graph.find(name);
  };
  std::string name = wish;
  for (int i = 1; taken(name); ++i) name = fmt::format("{}.{}", wish, i);
  return name;
}

ir::Model Rewriter::finish() {
  for (const ir::Output& output : old_.graph.outputs()) {
    result_.graph.mark_output(output.name, mapped(output.value));
  }
  return without_dead_nodes(result_);
}

ir::Model without_dead_nodes(const ir::Model& model) {
  const ir::Graph& graph = model.graph;
  std::vector<bool> live(graph.size());
  for (const ir::Output& output : graph.outputs()) live[output.value.id] = true;
  for (size_t id = graph.size(); id-- > 0;) {
    if (std::holds_alternative<ir::Input>(graph[id].op)) live[id] = true;
    if (!live[id]) continue;
    for (const Value input : graph[id].inputs) live[input.id] = true;
  }
  ir::Model result;
  std::vector<Value> mapped(graph.size());
  for (uint32_t id = 0; id < graph.size(); ++id) {
    if (!live[id]) continue;
    const ir::Node& node = graph[id];
    std::vector<Value> inputs;
    for (const Value input : node.inputs) inputs.push_back(mapped[input.id]);
    mapped[id] = result.graph.add(node.name, node.op, std::move(inputs), node.owner);
    if (std::holds_alternative<ir::Parameter>(node.op)) result.weights.emplace(node.name, model.weight({id}));
  }
  for (const ir::Output& output : graph.outputs()) {
    result.graph.mark_output(output.name, mapped[output.value.id]);
  }
  return result;
}

}  // namespace y6q::passes
