#include "passes/refresh_ranges.h"

#include <algorithm>
#include <cmath>

#include "ir/queries.h"
#include "quant/half_scale.h"

namespace y6q::passes {
namespace {

ir::Array largest_of(const ir::Array& weight) {
  float largest = 0;
  for (const float value : weight.floats()) largest = std::max(largest, std::fabs(value));
  return ir::Array::scalar(largest);
}

/// Of each channel of `axis`; of all elements when axis < 0.
ir::Array largest_magnitudes(const ir::Array& weight, int64_t axis) {
  if (axis < 0) return largest_of(weight);
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

float of_half_step(float amax, const ir::FakeQuant& quantizer) {
  if (!quantizer.half_scale) return amax;
  return quant::range_of_half_step(amax, quant::integer_range(quantizer.bits, quantizer.is_signed));
}

}  // namespace

ir::Array weight_ranges(const ir::Array& weight, const ir::FakeQuant& quantizer) {
  ir::Array ranges = largest_magnitudes(weight, quantizer.channel_axis);
  for (float& range : ranges.floats()) range = of_half_step(range, quantizer);
  return ranges;
}

ir::Model refresh_ranges(ir::Model model) {
  for (const ir::Node& node : model.graph.nodes()) {
    if (ir::is_activation_quantizer(model.graph, node)) {
      float& amax = model.weights.at(model.graph.node(node.inputs[1]).name).floats()[0];
      amax = of_half_step(amax, std::get<ir::FakeQuant>(node.op));
    }
    if (!ir::is_weight_quantizer(model.graph, node)) continue;
    model.weights.at(model.graph.node(node.inputs[1]).name) =
        weight_ranges(model.weight(node.inputs[0]), std::get<ir::FakeQuant>(node.op));
  }
  return model;
}

}  // namespace y6q::passes
