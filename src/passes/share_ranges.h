#pragma once

#include <vector>

#include "ir/model.h"

namespace y6q::passes {

/// Gives one range to quantizers whose tensors hold the same numbers, so that engines can join them without
/// another rounding (spec/05 §3).
///
///   a -> quant(1.0) ─┐                         a -> quant(1.5) ─┐
///                    concat -> quant(1.5) -->                   concat -> quant(1.5)
///   b -> quant(0.7) ─┘                         b -> quant(1.5) ─┘
///
/// The largest range of a group counts for all; when one member is signed, all are. Run it after
/// insert_quantizers (for the signs, which calibration needs to know) and again after calibration (for the
/// ranges).
ir::Model share_ranges(const ir::Model& model);

/// The groups: FakeQuant nodes that must agree, found by asking the graph. Concatenations and max-pools pass
/// values on, so all their operands and all quantizers that read their result belong together. Left alone: an
/// operator with an operand that is not quantized, or whose result is not. Groups have two or more members,
/// in execution order.
std::vector<std::vector<ir::Value>> range_groups(const ir::Graph& graph);

}  // namespace y6q::passes
