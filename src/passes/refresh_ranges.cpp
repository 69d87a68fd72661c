#include "passes/refresh_ranges.h"

#include <algorithm>
#include <cmath>

#include "ir/queries.h"
#include "passes/weight_runs.h"
#include "quant/half_scale.h"

namespace y6q::passes {
namespace {

/// Of each channel of `axis`; of all elements when axis < 0.
ir::Array largest_magnitudes(const ir::Array& weight, int64_t axis) {
  const WeightRuns runs(weight.shape, axis);
  ir::Array ranges = axis < 0 ? ir::Array::scalar(0) : ir::Array::zeros({static_cast<int64_t>(runs.ranges)});
  for (size_t i = 0; i < weight.floats().size(); ++i) {
    float& range = ranges.floats()[runs.range_of(i)];
    range = std::max(range, std::fabs(weight.floats()[i]));
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
