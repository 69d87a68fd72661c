#include "passes/correct_biases.h"

#include <utility>

#include "base/errors.h"
#include "ir/queries.h"
#include "passes/rewrite.h"
#include "passes/round_weights.h"

namespace y6q::passes {
namespace {

using ir::Value;

/// Quantized minus unrounded weights.
std::vector<float> rounding_errors(const ir::Model& model, const ir::Node& quantizer,
                                   const ir::Model& unrounded) {
  std::vector<float> errors = rounded_weight(model, quantizer);
  const std::vector<float>& weight =
      unrounded.weights.at(model.graph.node(quantizer.inputs[0]).name).floats();
  for (size_t i = 0; i < errors.size(); ++i) errors[i] -= weight[i];
  return errors;
}

/// How a weight's elements are laid out: [outer, inner, taps], with the output channel outermost or second.
struct Layout {
  int64_t outputs = 0, inputs = 0, taps = 0, groups = 1;
  bool output_first = true;
  double share = 1;  ///< of the taps that one output pixel sees
};

Layout layout_of(const ir::Node& node, const ir::Shape& weight) {
  const int64_t taps = weight[2] * weight[3];
  if (const auto* conv = std::get_if<ir::Conv2d>(&node.op))
    return {weight[0], weight[1], taps, conv->groups, true, 1};
  const auto& op = std::get<ir::ConvTranspose2d>(node.op);
  return {weight[1], weight[0], taps, 1, false, 1.0 / static_cast<double>(op.stride.h * op.stride.w)};
}

std::vector<double> mean_shift(const std::vector<float>& errors, const std::vector<double>& means,
                               const Layout& layout) {
  std::vector<double> shift(static_cast<size_t>(layout.outputs), 0);
  const int64_t outputs_per_group = layout.outputs / layout.groups;
  for (int64_t o = 0; o < layout.outputs; ++o) {
    for (int64_t i = 0; i < layout.inputs; ++i) {
      const int64_t row = layout.output_first ? o * layout.inputs + i : i * layout.outputs + o;
      double sum = 0;
      for (int64_t tap = 0; tap < layout.taps; ++tap)
        sum += static_cast<double>(errors[static_cast<size_t>(row * layout.taps + tap)]);
      const int64_t channel = o / outputs_per_group * layout.inputs + i;
      shift[static_cast<size_t>(o)] += sum * means[static_cast<size_t>(channel)] * layout.share;
    }
  }
  return shift;
}

bool is_correctable(const ir::Graph& graph, const ir::Node& node, const ChannelMeans& means) {
  if (!ir::is_convolution(node) || node.inputs.size() != 3 ||
      !means.contains(graph.node(node.inputs[0]).name))
    return false;
  return ir::is_weight_quantizer(graph, graph.node(node.inputs[1]));
}

}  // namespace

ir::Model correct_biases(const ir::Model& model, const ir::Model& unrounded, const ChannelMeans& means) {
  Rewriter rewriter(model);
  for (const Value value : rewriter.old_values()) {
    const ir::Node& node = model.graph.node(value);
    if (is_correctable(model.graph, node, means)) {
      const ir::Node& quantizer = model.graph.node(node.inputs[1]);
      const std::vector<double>& channel_means = means.at(model.graph.node(node.inputs[0]).name);
      const Layout layout = layout_of(node, quantizer.shape);
      if (static_cast<int64_t>(channel_means.size()) != layout.inputs * layout.groups) {
        throw InternalError("correct_biases: '{}' has {} means for {} channels", node.name,
                            channel_means.size(), layout.inputs * layout.groups);
      }
      const std::vector<double> shift =
          mean_shift(rounding_errors(model, quantizer, unrounded), channel_means, layout);
      ir::Array bias = model.weight(node.inputs[2]);
      for (size_t o = 0; o < shift.size(); ++o) bias.floats()[o] -= static_cast<float>(shift[o]);
      rewriter.set_array(node.inputs[2], std::move(bias));
    }
    rewriter.keep(value);
  }
  return rewriter.finish();
}

}  // namespace y6q::passes
