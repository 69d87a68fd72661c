#include "checkpoint/cache_ranges.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <vector>

#include "base/errors.h"
#include "ir/queries.h"
#include "onnx/import_quantizers.h"
#include "passes/insert_quantizers.h"
#include "passes/rewrite.h"
#include "passes/share_ranges.h"
#include "quant/fake_quant.h"
#include "quant/half_scale.h"

namespace y6q::checkpoint {
namespace {

using ir::Value;

const quant::IntegerRange kBytes = quant::integer_range(8, true);

bool gives_back(const std::vector<float>& values, float amax) {
  std::vector<float> rounded(values.size());
  quant::fake_quantize(values, amax, kBytes, rounded);
  return rounded == values;
}

/// The range with which rounding leaves these values as they are.
std::optional<float> range_of_rounded(const std::vector<float>& values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::fabs(value));
  if (gives_back(values, largest)) return largest;
  const float below = std::nextafter(largest, 0.0F), above = std::nextafter(largest, INFINITY);
  for (const float amax : {below, above, std::nextafter(below, 0.0F), std::nextafter(above, INFINITY)}) {
    if (gives_back(values, amax)) return amax;
  }
  return std::nullopt;
}

/// Ranges of a weight's channels along an axis (-1: one for all); nothing when it is not rounded.
std::optional<ir::Array> ranges_of_rounded(const ir::Array& weight, int64_t axis) {
  const auto channels = axis < 0 ? size_t{1} : static_cast<size_t>(weight.shape[static_cast<size_t>(axis)]);
  size_t run = 1;
  for (auto i = static_cast<size_t>(axis + 1); i < weight.shape.size(); ++i)
    run *= static_cast<size_t>(weight.shape[i]);
  std::vector<std::vector<float>> slices(channels);
  for (size_t i = 0; i < weight.floats().size(); ++i)
    slices[i / run % channels].push_back(weight.floats()[i]);
  std::vector<float> ranges;
  for (const std::vector<float>& slice : slices) {
    const auto range = range_of_rounded(slice);
    if (!range) return std::nullopt;
    ranges.push_back(*range);
  }
  return ir::Array{axis < 0 ? ir::Shape{} : ir::Shape{static_cast<int64_t>(channels)}, std::move(ranges)};
}

class Cache {
 public:
  Cache(const ir::Model& model, const std::map<std::string, float>& scales)
      : model_(model), graph_(model.graph), scales_(scales) {}

  ir::Model quantized() {
    policy_.rules = quant::rules_of(quant::Scheme::tensorrt);
    policy_.rules.half_scales = std::ranges::all_of(scales_, [](const auto& entry) {
      return quant::has_half_step(onnx::range_of_scale(entry.second, kBytes.high), kBytes);
    });
    look_at_weights();
    choose_layers();
    ir::Model result = passes::insert_quantizers(model_, policy_);
    for (uint32_t id = 0; id < result.graph.size(); ++id) {
      const ir::Node& node = result.graph[id];
      if (!std::holds_alternative<ir::FakeQuant>(node.op)) continue;
      const std::string& source = result.graph.node(node.inputs[0]).name;
      ir::Array& range = result.weights.at(result.graph.node(node.inputs[1]).name);
      const auto rounded = rounded_.find(source);
      if (ir::is_activation_quantizer(result.graph, node)) {
        range = ir::Array::scalar(onnx::range_of_scale(scale_of(source), kBytes.high));
      } else if (rounded != rounded_.end() && rounded->second.shape == range.shape) {
        range = rounded->second;
      }
    }
    return passes::share_ranges(result);
  }

 private:
  bool is_transposed(const ir::Node& node) const {
    return std::holds_alternative<ir::ConvTranspose2d>(node.op);
  }

  void look_at_weights() {
    for (const ir::Node& node : graph_.nodes()) {
      if (!ir::is_convolution(node)) continue;
      const ir::Array& weight = model_.weight(node.inputs[1]);
      auto ranges = ranges_of_rounded(weight, is_transposed(node) ? -1 : 0);
      if (!ranges && is_transposed(node)) {
        ranges = ranges_of_rounded(weight, 1);
        if (ranges) policy_.rules.transposed = quant::Transposed::per_channel;
      }
      if (ranges) rounded_.emplace(graph_.node(node.inputs[1]).name, std::move(*ranges));
    }
  }

  bool is_rounded(const ir::Node& node) const {
    return !ir::is_convolution(node) || rounded_.contains(graph_.node(node.inputs[1]).name);
  }

  void choose_layers() {
    std::vector<const ir::Node*> with_scales;
    for (uint32_t id = 0; id < graph_.size(); ++id) {
      const ir::Node& node = graph_[id];
      if (!ir::is_layer(node)) continue;
      const bool has_scales = scales_.contains(graph_.node(node.inputs[0]).name) &&
                              scales_.contains(graph_.node(result_of({id})).name);
      if (has_scales) {
        with_scales.push_back(&node);
      } else {
        policy_.keep_float.insert(node.name);
      }
    }
    if (with_scales.empty())
      throw InputError("cache: no layer of the network has scales for what it reads and writes");
    // Weights of one channel and of zeros are rounded by chance.
    const auto rounded =
        std::ranges::count_if(with_scales, [&](const auto* node) { return is_rounded(*node); });
    for (const ir::Node* node : with_scales) {
      if (2 * rounded >= std::ssize(with_scales) && !is_rounded(*node)) policy_.keep_float.insert(node->name);
    }
  }

  /// Behind the activation that is part of a layer.
  Value result_of(Value layer) const {
    const Value* activation = ir::fused_activation(graph_, layer);
    return activation != nullptr ? *activation : layer;
  }

  float scale_of(const std::string& tensor) const {
    const auto found = scales_.find(tensor);
    if (found == scales_.end())
      throw InputError("cache: tensor '{}' has no scale, and layers in integers read or write it", tensor);
    return found->second;
  }

  const ir::Model& model_;
  const ir::Graph& graph_;
  const std::map<std::string, float>& scales_;
  std::map<std::string, ir::Array> rounded_;  ///< ranges of rounded weights by name
  passes::QuantPolicy policy_;
};

}  // namespace

ir::Model quantized_by_cache(const ir::Model& deployed, const std::map<std::string, float>& scales) {
  return Cache(deployed, scales).quantized();
}

}  // namespace y6q::checkpoint
