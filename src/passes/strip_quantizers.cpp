#include "passes/strip_quantizers.h"

#include "passes/rewrite.h"

namespace y6q::passes {

ir::Model strip_quantizers(const ir::Model& model) {
  Rewriter rewriter(model);
  for (const ir::Value value : rewriter.old_values()) {
    const ir::Node& node = model.graph.node(value);
    if (std::holds_alternative<ir::FakeQuant>(node.op)) {
      rewriter.replace(value, rewriter.mapped(node.inputs[0]));
    } else {
      rewriter.keep(value);
    }
  }
  return rewriter.finish();
}

}  // namespace y6q::passes
