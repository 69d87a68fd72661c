#include "ir/model.h"

#include <cmath>
#include <utility>

#include "base/errors.h"

namespace y6q::ir {
namespace {

size_t stored_count(const Array& array) {
  return std::visit([](const auto& data) { return data.size(); }, array.data);
}

/// Names of the parameters that hold quantizer ranges.
bool is_range(const Graph& graph, Value parameter) {
  for (const Value reader : graph.consumers(parameter)) {
    const Node& node = graph.node(reader);
    if (std::holds_alternative<FakeQuant>(node.op) && node.inputs[1] == parameter) return true;
  }
  return false;
}

void check_values(const Graph& graph, Value parameter, const Array& array, std::string& findings) {
  const auto* floats = std::get_if<std::vector<float>>(&array.data);
  if (floats == nullptr) return;
  const bool range = is_range(graph, parameter);
  for (size_t i = 0; i < floats->size(); ++i) {
    const float value = (*floats)[i];
    if (!std::isfinite(value) || (range && value < 0)) {
      findings += fmt::format("\n  '{}': element {} is {}, {} are accepted", graph.node(parameter).name, i,
                              value, range ? "finite ranges >= 0" : "finite numbers");
      return;
    }
  }
}

}  // namespace

Array Array::zeros(Shape shape) { return filled(std::move(shape), 0); }

Array Array::filled(Shape shape, float value) {
  const auto count = static_cast<size_t>(element_count(shape));
  return {std::move(shape), std::vector<float>(count, value)};
}

const std::vector<float>& Array::floats() const {
  const auto* values = std::get_if<std::vector<float>>(&data);
  if (values == nullptr) throw InputError("array {}: holds integers, float32 is expected", to_text(shape));
  return *values;
}

std::vector<float>& Array::floats() { return const_cast<std::vector<float>&>(std::as_const(*this).floats()); }

Value Model::add_parameter(std::string name, Array array, bool trainable, std::string owner) {
  const Value value = graph.add(name, Parameter{array.shape, trainable}, {}, std::move(owner));
  weights.insert_or_assign(std::move(name), std::move(array));
  return value;
}

const Array& Model::weight(Value parameter) const {
  const std::string& name = graph.node(parameter).name;
  const auto found = weights.find(name);
  if (found == weights.end()) throw InternalError("model: '{}' is not a parameter", name);
  return found->second;
}

void validate(const Model& model) {
  std::string findings;
  size_t parameters = 0;
  for (uint32_t id = 0; id < model.graph.size(); ++id) {
    const Node& node = model.graph[id];
    if (!std::holds_alternative<Parameter>(node.op)) continue;
    ++parameters;
    const auto found = model.weights.find(node.name);
    if (found == model.weights.end()) {
      findings += fmt::format("\n  '{}': has no array", node.name);
    } else if (found->second.shape != node.shape ||
               static_cast<int64_t>(stored_count(found->second)) != element_count(node.shape)) {
      findings += fmt::format("\n  '{}': array {} where {} is expected", node.name,
                              to_text(found->second.shape), to_text(node.shape));
    } else {
      check_values(model.graph, {id}, found->second, findings);
    }
  }
  if (parameters != model.weights.size()) {
    for (const auto& [name, array] : model.weights) {
      const auto value = model.graph.find(name);
      if (!value || !std::holds_alternative<Parameter>(model.graph.node(*value).op)) {
        findings += fmt::format("\n  '{}': is not a parameter of the graph", name);
      }
    }
  }
  if (!findings.empty()) throw InputError("model: the arrays do not fit the graph:{}", findings);
}

int64_t parameter_count(const Model& model) {
  int64_t count = 0;
  for (const Node& node : model.graph.nodes()) {
    const auto* parameter = std::get_if<Parameter>(&node.op);
    if (parameter != nullptr && parameter->trainable) count += element_count(parameter->shape);
  }
  return count;
}

Model with_input_shape(const Model& model, const Shape& shape) {
  Model result;
  for (const Node& node : model.graph.nodes()) {
    Op op = std::holds_alternative<Input>(node.op) ? Op(Input{shape}) : node.op;
    result.graph.add(node.name, std::move(op), node.inputs, node.owner);
  }
  for (const Output& output : model.graph.outputs()) result.graph.mark_output(output.name, output.value);
  result.weights = model.weights;
  return result;
}

}  // namespace y6q::ir
