#include "ir/cost.h"

namespace y6q::ir {

int64_t multiply_adds(const Graph& graph, Value value) {
  const Node& node = graph.node(value);
  const bool transposed = std::holds_alternative<ConvTranspose2d>(node.op);
  if (!transposed && !std::holds_alternative<Conv2d>(node.op)) return 0;
  // Every output of a convolution sums over its kernel; every input of a transposed one is spread over it.
  const Shape& weight = graph.node(node.inputs[1]).shape;
  const int64_t places =
      transposed ? element_count(graph.node(node.inputs[0]).shape) : element_count(node.shape);
  return places * (element_count(weight) / weight[0]);
}

int64_t multiply_adds(const Graph& graph) {
  int64_t sum = 0;
  for (uint32_t id = 0; id < graph.size(); ++id) sum += multiply_adds(graph, {id});
  return sum;
}

}  // namespace y6q::ir
