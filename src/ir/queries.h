#pragma once

#include <vector>

#include "ir/graph.h"

/// Questions about a graph that several folders ask, with one answer each.
namespace y6q::ir {

/// The operator is one of these.
template <typename... Ops>
bool is_any(const Node& node) {
  return (std::holds_alternative<Ops>(node.op) || ...);
}

/// A convolution, transposed ones included.
bool is_convolution(const Node& node);
/// What has a quantized form: a convolution, transposed one or max-pool.
bool is_layer(const Node& node);

/// A FakeQuant of a weight: what it quantizes is a Parameter.
bool is_weight_quantizer(const Graph& graph, const Node& node);
/// A FakeQuant of a tensor that the network computes or reads, with one range for all of it.
bool is_activation_quantizer(const Graph& graph, const Node& node);
/// All of the latter, in execution order.
std::vector<Value> activation_quantizers(const Graph& graph);
/// A layer whose source and weight, where it has one, are quantized.
bool is_quantized_layer(const Graph& graph, const Node& node);
/// A layer that is not.
bool is_float_layer(const Graph& graph, const Node& node);
/// There is a FakeQuant.
bool has_quantizers(const Graph& graph);

/// The one node that reads `value`, which is not an output of the network either; null if there is none or
/// several.
const Value* sole_consumer(const Graph& graph, Value value);

/// A function of each element that runtimes compute together with the convolution before it.
bool is_activation(const Op& op);
/// An activation with f(ax) = a f(x) for a > 0.
bool is_homogeneous(const Op& op);
/// The activation that alone reads a convolution, transposed ones included, and so is part of it; null if
/// there is none.
const Value* fused_activation(const Graph& graph, Value convolution);

/// What is known of the sign of an operator's result; as_inputs: not negative where no input is. Images are
/// in 0..1.
enum class Sign { any, non_negative, as_inputs };
Sign sign_of(const Op& op);

/// A result that boxes are made of: an output named cls… or reg…, or what a Decode reads.
bool is_prediction(const Graph& graph, Value value);

}  // namespace y6q::ir
