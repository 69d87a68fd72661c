#include "stages/fine_tuning.h"

#include <algorithm>
#include <set>

#include "base/errors.h"
#include "checkpoint/convert.h"

namespace y6q::stages {
namespace {

/// Names of the parameters whose first axis is the classes.
std::set<std::string> parameters_of_classes(const ir::Graph& graph) {
  std::set<std::string> names;
  for (const ir::Output& output : graph.outputs()) {
    if (!output.name.starts_with("cls")) continue;
    const ir::Node& convolution = graph.node(output.value);
    for (size_t i = 1; i < convolution.inputs.size(); ++i)
      names.insert(graph.node(convolution.inputs[i]).name);
  }
  return names;
}

/// Row by row, where both have the class.
void take_rows(const ir::Array& from, const std::vector<std::string>& old_names, ir::Array& to,
               const std::vector<std::string>& new_names) {
  const auto row = static_cast<std::ptrdiff_t>(to.floats().size() / new_names.size());
  for (size_t i = 0; i < new_names.size(); ++i) {
    const auto found = std::ranges::find(old_names, new_names[i]);
    if (found == old_names.end()) continue;
    std::copy_n(from.floats().begin() + (found - old_names.begin()) * row, row,
                to.floats().begin() + static_cast<std::ptrdiff_t>(i) * row);
  }
}

ir::Shape without_first(ir::Shape shape) {
  shape.erase(shape.begin());
  return shape;
}

}  // namespace

formats::ModelFile read_trained(const fs::path& weights) {
  formats::ModelFile file = checkpoint::read_network({.weights = weights, .float_only = true});
  if (file.info.scheme.empty() && file.info.mode != "repvgg_deploy") return file;
  throw InputError("{}: is {}; training starts from a float model as train writes it (best.safetensors)",
                   weights.string(),
                   file.info.scheme.empty() ? "merged for inference" : "calibrated: qat trains it");
}

TakenOver take_over(const formats::ModelFile& from, formats::ModelFile& network) {
  const auto &old_names = from.info.class_names, &new_names = network.info.class_names;
  const std::set<std::string> of_classes = parameters_of_classes(network.model.graph);
  TakenOver taken;
  for (const std::string& name : new_names)
    (std::ranges::count(old_names, name) > 0 ? taken.known : taken.beginning).push_back(name);
  for (auto& [name, to] : network.model.weights) {
    const auto found = from.model.weights.find(name);
    const bool has_classes = of_classes.contains(name);
    const bool fits = found != from.model.weights.end() &&
                      (has_classes ? without_first(found->second.shape) == without_first(to.shape)
                                   : found->second.shape == to.shape);
    if (!fits) {
      throw InputError("the weights to start from: parameter '{}' is {}, the network's is {}", name,
                       found == from.model.weights.end() ? "missing" : ir::to_text(found->second.shape),
                       ir::to_text(to.shape));
    }
    if (has_classes && old_names != new_names) {
      take_rows(found->second, old_names, to, new_names);
    } else {
      to = found->second;
      ++taken.tensors;
    }
  }
  return taken;
}

}  // namespace y6q::stages
