#include "passes/round_weights.h"

#include <span>

#include "ir/queries.h"
#include "passes/rewrite.h"
#include "quant/fake_quant.h"

namespace y6q::passes {

std::vector<float> rounded_weight(const ir::Model& model, const ir::Node& quantizer) {
  const auto& op = std::get<ir::FakeQuant>(quantizer.op);
  const std::vector<float>&weight = model.floats(quantizer.inputs[0]),
        &amax = model.floats(quantizer.inputs[1]);
  const auto range = quant::integer_range(op.bits, op.is_signed);
  size_t run = 1;  // elements in a row that share a range
  for (auto axis = static_cast<size_t>(op.channel_axis + 1); axis < quantizer.shape.size(); ++axis)
    run *= static_cast<size_t>(quantizer.shape[axis]);
  std::vector<float> rounded(weight.size());
  for (size_t first = 0; first < weight.size(); first += run) {
    quant::fake_quantize({weight.data() + first, run}, amax[first / run % amax.size()], range,
                         {rounded.data() + first, run});
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
