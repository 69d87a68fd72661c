#include "passes/equalize.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "ir/queries.h"
#include "passes/rewrite.h"

namespace y6q::passes {
namespace {

using ir::Value;

/// A channel that hardly depends on its inputs has next to no weights and perhaps a large bias: scaled as the
/// formula says it would become the largest of its tensor, and everybody's range. Living channels are far
/// from the bound: 0.1 to 3.5 in the 31 pairs of a trained YOLOv6-N.
constexpr double kLargestScale = 32;

/// The convolution's arrays, when they are its own.
bool owns_arrays(const ir::Graph& graph, const ir::Node& conv) {
  return std::all_of(conv.inputs.begin() + 1, conv.inputs.end(), [&](Value array) {
    return std::holds_alternative<ir::Parameter>(graph.node(array).op) &&
           ir::sole_consumer(graph, array) != nullptr;
  });
}

/// The convolution that alone reads the activation that alone reads this one.
const Value* second_of(const ir::Graph& graph, Value first) {
  const ir::Node& node = graph.node(first);
  if (!std::holds_alternative<ir::Conv2d>(node.op) || !owns_arrays(graph, node)) return nullptr;
  const Value* activation = ir::sole_consumer(graph, first);
  if (activation == nullptr || !ir::is_homogeneous(graph.node(*activation).op)) return nullptr;
  const Value* second = ir::sole_consumer(graph, *activation);
  if (second == nullptr) return nullptr;
  const auto* conv = std::get_if<ir::Conv2d>(&graph.node(*second).op);
  const bool fits = conv != nullptr && conv->groups == 1 && owns_arrays(graph, graph.node(*second));
  return fits ? second : nullptr;
}

/// Calls f(channel, weight) for every weight of [O, I, h, w] by its input channel; by its output channel
/// where `inputs` is false.
template <typename F>
void for_channels(ir::Array& weight, bool inputs, F f) {
  const auto outputs = static_cast<size_t>(weight.shape[0]), channels = static_cast<size_t>(weight.shape[1]);
  const size_t taps = weight.floats().size() / (outputs * channels);
  auto value = weight.floats().begin();
  for (size_t o = 0; o < outputs; ++o) {
    for (size_t i = 0; i < channels; ++i) {
      for (size_t tap = 0; tap < taps; ++tap) f(inputs ? i : o, *value++);
    }
  }
}

std::vector<double> ranges(ir::Array& weight, bool inputs) {
  std::vector<double> largest(static_cast<size_t>(weight.shape[inputs ? 1 : 0]));
  for_channels(weight, inputs, [&](size_t channel, float value) {
    largest[channel] = std::max(largest[channel], std::fabs(static_cast<double>(value)));
  });
  return largest;
}

struct Pair {
  const ir::Node &first, &second;
  std::vector<double> scales;  ///< so far, by channel
};

std::vector<Pair> pairs_of(const ir::Graph& graph) {
  std::vector<Pair> pairs;
  for (uint32_t id = 0; id < graph.size(); ++id) {
    const Value* second = second_of(graph, {id});
    if (second == nullptr) continue;
    pairs.push_back(
        {graph[id], graph.node(*second), std::vector<double>(static_cast<size_t>(graph[id].shape[1]), 1)});
  }
  return pairs;
}

/// Returns the largest |ln s| of the step.
double equalize_pair(ir::Model& model, Pair& pair) {
  const auto array = [&](Value parameter) -> ir::Array& {
    return model.weights.at(model.graph.node(parameter).name);
  };
  ir::Array &outer = array(pair.first.inputs[1]), &inner = array(pair.second.inputs[1]);
  const std::vector<double> r1 = ranges(outer, false), r2 = ranges(inner, true);
  std::vector<double> step(r1.size(), 1);
  double change = 0;
  for (size_t i = 0; i < step.size(); ++i) {
    if (r1[i] == 0 || r2[i] == 0) continue;
    const double scale =
        std::clamp(pair.scales[i] * std::sqrt(r1[i] / r2[i]), 1 / kLargestScale, kLargestScale);
    step[i] = scale / pair.scales[i];
    pair.scales[i] = scale;
    change = std::max(change, std::fabs(std::log(step[i])));
  }
  const auto multiply = [](float& value, double factor) {
    value = static_cast<float>(static_cast<double>(value) * factor);
  };
  for_channels(outer, false, [&](size_t i, float& weight) { multiply(weight, 1 / step[i]); });
  for_channels(inner, true, [&](size_t i, float& weight) { multiply(weight, step[i]); });
  if (pair.first.inputs.size() > 2) {
    std::vector<float>& bias = array(pair.first.inputs[2]).floats();
    for (size_t i = 0; i < bias.size(); ++i) multiply(bias[i], 1 / step[i]);
  }
  return change;
}

}  // namespace

ir::Model equalize(ir::Model model) {
  constexpr int kMostSweeps = 100;
  constexpr double kSettled = 1e-3;
  const ir::Graph graph = model.graph;
  std::vector<Pair> pairs = pairs_of(graph);
  double change = 1;
  for (int sweep = 0; sweep < kMostSweeps && change > kSettled; ++sweep) {
    change = 0;
    for (Pair& pair : pairs) change = std::max(change, equalize_pair(model, pair));
  }
  return model;
}

}  // namespace y6q::passes
