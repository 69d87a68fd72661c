#include "onnx/tensor_names.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_set>

#include "base/errors.h"

namespace y6q::onnx {
namespace {

const std::string kInputName = "images";

template <typename Op>
bool is(const ir::Graph& graph, ir::Value value) {
  return std::holds_alternative<Op>(graph.node(value).op);
}

std::vector<std::string> wanted_outputs(const ir::Graph& graph, const OnnxOptions& options) {
  std::vector<std::string> all, wanted;
  for (const ir::Output& output : graph.outputs()) {
    all.push_back(output.name);
    if (!output.name.starts_with("feat")) wanted.push_back(output.name);
  }
  if (!options.outputs.empty()) wanted = options.outputs;
  for (const std::string& name : wanted) {
    if (!graph.find_output(name))
      throw UsageError("onnx: no output '{}'; the model has {}", name, fmt::join(all, ", "));
    if (std::count(wanted.begin(), wanted.end(), name) > 1)
      throw UsageError("onnx: output '{}' is given twice", name);
    if (name == kInputName)
      throw InputError("onnx: an output is called '{}', which is the input's name", name);
  }
  if (wanted.empty())
    throw InputError("onnx: the model has no outputs besides taps ({})", fmt::join(all, ", "));
  return wanted;
}

}  // namespace

TensorNames::TensorNames(const ir::Graph& graph, const OnnxOptions& options)
    : written_(graph.size()), names_(graph.size()) {
  find_input(graph);
  choose_outputs(graph, options);
  mark_written(graph);
  name_tensors(graph);
}

void TensorNames::find_input(const ir::Graph& graph) {
  int count = 0;
  for (uint32_t id = 0; id < graph.size(); ++id) {
    if (!is<ir::Input>(graph, {id})) continue;
    input_ = {id};
    ++count;
  }
  if (count != 1) throw InputError("onnx: a model with {} inputs; 1 is accepted", count);
}

void TensorNames::choose_outputs(const ir::Graph& graph, const OnnxOptions& options) {
  for (const std::string& name : wanted_outputs(graph, options)) {
    ir::Value value = *graph.find_output(name);
    // Without quantizers, the result of one is its source.
    while (options.form == Form::plain && is<ir::FakeQuant>(graph, value))
      value = graph.node(value).inputs[0];
    const bool is_converted = options.remainder == Remainder::fp16 && !is<ir::Decode>(graph, value);
    const bool has_name =
        is_converted || is<ir::Input>(graph, value) || is<ir::Parameter>(graph, value) ||
        std::any_of(outputs_.begin(), outputs_.end(), [&](const Output& o) { return o.value == value; });
    outputs_.push_back({name, value, has_name});
  }
}

void TensorNames::mark_written(const ir::Graph& graph) {
  for (const Output& output : outputs_) written_[output.value.id] = true;
  for (size_t id = graph.size(); id-- > 0;) {
    if (!written_[id]) continue;
    for (const ir::Value input : graph[id].inputs) written_[input.id] = true;
  }
  written_[input_.id] = true;
}

void TensorNames::name_tensors(const ir::Graph& graph) {
  std::unordered_set<std::string> taken{kInputName};
  names_[input_.id] = kInputName;
  for (const Output& output : outputs_) {
    taken.insert(output.name);
    if (!output.is_copy) names_[output.value.id] = output.name;
  }
  for (size_t id = 0; id < graph.size(); ++id) {
    if (!names_[id].empty()) continue;
    std::string name = graph[id].name;
    for (int i = 1; !taken.insert(name).second; ++i) name = graph[id].name + "_" + std::to_string(i);
    names_[id] = name;
  }
}

}  // namespace y6q::onnx
