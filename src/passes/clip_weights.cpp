#include "passes/clip_weights.h"

#include <algorithm>
#include <span>

#include "ir/queries.h"
#include "passes/refresh_ranges.h"
#include "passes/weight_runs.h"
#include "quant/amax_mse.h"
#include "quant/fake_quant.h"
#include "quant/half_scale.h"

namespace y6q::passes {
namespace {

/// Of each channel, at most the largest magnitude.
std::vector<float> best_ranges(const std::vector<float>& weight, const WeightRuns& runs,
                               const std::vector<float>& largest, const ir::FakeQuant& op) {
  std::vector<quant::Histogram> seen(runs.ranges);
  for (size_t i = 0; i < runs.ranges; ++i) seen[i].make_room(largest[i]);
  for (size_t first = 0; first < weight.size(); first += runs.length)
    seen[runs.range_of(first)].observe({weight.data() + first, runs.length});
  const quant::IntegerRange codes = quant::integer_range(op.bits, op.is_signed);
  std::vector<float> ranges = largest;
  for (size_t i = 0; i < runs.ranges; ++i) {
    if (largest[i] <= quant::kZeroRange) continue;
    float range = quant::amax_by_mse(seen[i], codes.high + 1);
    if (op.half_scale) range = quant::range_of_half_step(range, codes);
    ranges[i] = std::min(range, largest[i]);
  }
  return ranges;
}

}  // namespace

ir::Model clip_weights(ir::Model model) {
  for (const ir::Node& node : model.graph.nodes()) {
    if (!ir::is_weight_quantizer(model.graph, node)) continue;
    const auto& op = std::get<ir::FakeQuant>(node.op);
    ir::Array& weight = model.weights.at(model.graph.node(node.inputs[0]).name);
    const WeightRuns runs(weight.shape, op.channel_axis);
    ir::Array& ranges = model.weights.at(model.graph.node(node.inputs[1]).name);
    const std::vector<float> bounds = best_ranges(weight.floats(), runs, ranges.floats(), op);
    for (size_t i = 0; i < weight.floats().size(); ++i) {
      const float bound = bounds[runs.range_of(i)];
      weight.floats()[i] = std::clamp(weight.floats()[i], -bound, bound);
    }
    ranges = weight_ranges(weight, op);
  }
  return model;
}

}  // namespace y6q::passes
