#include "passes/round_weights.h"

#include <span>

#include "ir/queries.h"
#include "passes/rewrite.h"
#include "passes/weight_runs.h"
#include "quant/fake_quant.h"

namespace y6q::passes {

std::vector<float> rounded_weight(const ir::Model& model, const ir::Node& quantizer) {
  const auto& op = std::get<ir::FakeQuant>(quantizer.op);
  const std::vector<float>&weight = model.floats(quantizer.inputs[0]),
        &amax = model.floats(quantizer.inputs[1]);
  const auto range = quant::integer_range(op.bits, op.is_signed);
  const WeightRuns runs(quantizer.shape, op.channel_axis);
  std::vector<float> rounded(weight.size());
  for (size_t first = 0; first < weight.size(); first += runs.length) {
    quant::fake_quantize({weight.data() + first, runs.length}, amax[runs.range_of(first)], range,
                         {rounded.data() + first, runs.length});
  }
  return rounded;
}

ir::Model round_weights(const ir::Model& model) {
  Rewriter rewriter(model);
  for (const ir::Value value : rewriter.old_values()) {
    const ir::Node& node = model.graph.node(value);
    if (!ir::is_weight_quantizer(model.graph, node)) {
      rewriter.keep(value);
      continue;
    }
    rewriter.set_array(node.inputs[0], {node.shape, rounded_weight(model, node)});
    rewriter.replace(value, rewriter.mapped(node.inputs[0]));
  }
  return rewriter.finish();
}

}  // namespace y6q::passes
