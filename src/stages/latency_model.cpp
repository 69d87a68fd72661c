#include "stages/latency_model.h"

#include <algorithm>
#include <map>

#include "base/errors.h"
#include "passes/insert_quantizers.h"

namespace y6q::stages {
namespace {

bool is_transposed(const engine::LayerTime& step) {
  return step.type == "ConvolutionBackpropData" || step.type == "Deconvolution";
}

/// Milliseconds of each layer. Steps that stand around layers (joins, changes of layout) are nobody's.
std::map<std::string, double> times_of(const std::vector<std::string>& layers,
                                       const std::vector<std::string>& transposed,
                                       const std::vector<engine::LayerTime>& steps) {
  std::map<std::string, double> times;
  for (const std::string& layer : layers) times[layer] = 0;
  size_t transposed_seen = 0;
  for (const engine::LayerTime& step : steps) {
    const std::string name = step.name.substr(0, step.name.find('/'));
    if (const auto found = times.find(name); found != times.end()) {
      found->second += step.ms;
    } else if (is_transposed(step) && transposed_seen < transposed.size()) {
      times.at(transposed[transposed_seen++]) += step.ms;
    }
  }
  return times;
}

}  // namespace

double LatencyModel::predicted_ms(const std::set<std::string>& kept_float) const {
  double more_ms = 0;
  for (const std::string& layer : kept_float) {
    const auto found = std::ranges::find(layers, layer, &LayerCost::layer);
    if (found == layers.end()) throw UsageError("latency: there is no layer '{}'", layer);
    more_ms += found->float_ms - found->int8_ms;
  }
  return int8_ms * (1 + more_ms / steps_ms);
}

LatencyModel latency_model(const ir::Graph& graph, const BenchResult& int8, const BenchResult& plain) {
  LatencyModel model{.int8_ms = int8.latency_ms.p50, .steps_ms = 0, .layers = {}};
  for (const engine::LayerTime& step : int8.layers) model.steps_ms += step.ms;
  if (model.steps_ms <= 0 || plain.layers.empty())
    throw InternalError("latency model: the steps of the engine were not timed");
  const std::vector<std::string> layers = passes::quantizable_layers(graph);
  std::vector<std::string> transposed;
  for (const std::string& layer : layers) {
    if (std::holds_alternative<ir::ConvTranspose2d>(graph.node(*graph.find(layer)).op))
      transposed.push_back(layer);
  }
  const auto int8_ms = times_of(layers, transposed, int8.layers),
             float_ms = times_of(layers, transposed, plain.layers);
  for (const std::string& layer : layers)
    model.layers.push_back({layer, int8_ms.at(layer), float_ms.at(layer)});
  return model;
}

}  // namespace y6q::stages
