#pragma once

#include <string>
#include <string_view>

#include "ir/graph.h"

namespace y6q::ir {

/// One line a node, then one a output; stable, read by people, test goldens and model files:
///
///   stem.conv.weight [16, 3, 3, 3] = Parameter() shape=16x3x3x3 @backbone.stem
///   stem.conv [1, 16, 160, 160] = Conv2d(images, stem.conv.weight) stride=2x2 pad=1x1 @backbone.stem
///   output feat0 = neck.Rep_p3.relu
///
/// Attributes that have their default value are left out.
std::string to_text(const Graph& graph);

/// Reads what to_text writes. Throws InputError with the line number; shapes are inferred anew and must
/// agree. Text of any content is safe: at most 100,000 lines, 1,000 operands a node.
Graph parse_graph(std::string_view text);

}  // namespace y6q::ir
