#pragma once

#include "ir/graph.h"

namespace y6q::ir {

/// Multiply-adds of one node for the shapes of the graph: convolutions and transposed convolutions; 0 for all
/// other operators, which cost memory traffic and not arithmetic. Twice this is what papers call FLOPs.
int64_t multiply_adds(const Graph& graph, Value value);
/// Of all nodes.
int64_t multiply_adds(const Graph& graph);

}  // namespace y6q::ir
