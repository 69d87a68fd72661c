#include "passes/refresh_weight_ranges.h"

#include <algorithm>
#include <cmath>

namespace y6q::passes {

ir::Array channel_ranges(const ir::Array& weight, int64_t axis) {
  const auto place = static_cast<size_t>(axis);
  const auto channels = static_cast<size_t>(weight.shape.at(place));
  size_t inner = 1;
  for (size_t i = place + 1; i < weight.shape.size(); ++i) inner *= static_cast<size_t>(weight.shape[i]);
  ir::Array ranges = ir::Array::zeros({weight.shape[place]});
  const std::vector<float>& values = weight.floats();
  for (size_t i = 0; i < values.size(); ++i) {
    float& range = ranges.floats()[i / inner % channels];
    range = std::max(range, std::fabs(values[i]));
  }
  return ranges;
}

ir::Model refresh_weight_ranges(ir::Model model) {
  for (const ir::Node& node : model.graph.nodes()) {
    const auto* quantizer = std::get_if<ir::FakeQuant>(&node.op);
    if (quantizer == nullptr || quantizer->channel_axis < 0) continue;
    const ir::Node& weight = model.graph.node(node.inputs[0]);
    if (!std::holds_alternative<ir::Parameter>(weight.op)) continue;
    model.weights.at(model.graph.node(node.inputs[1]).name) =
        channel_ranges(model.weights.at(weight.name), quantizer->channel_axis);
  }
  return model;
}

}  // namespace y6q::passes
