#include "checkpoint/ranges.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "base/errors.h"
#include "ir/queries.h"
#include "passes/insert_quantizers.h"
#include "passes/share_ranges.h"

namespace y6q::checkpoint {
namespace {

using ir::Value;

constexpr const char* kInput = "._input_quantizer";
constexpr const char* kWeight = "._weight_quantizer";
constexpr int64_t kWeightBits = 8;
constexpr std::pair<std::string_view, const char*> kUpsampled[] = {  // node, its own quantizer
    {"neck.upsample0.upsample_transpose", "neck.upsample_feat0_quant"},
    {"neck.upsample1.upsample_transpose", "neck.upsample_feat1_quant"}};

/// The module that a node comes from: the pool of SPPF is one module that is called three times.
std::string module_of(const ir::Node& node) {
  return std::holds_alternative<ir::MaxPool2d>(node.op) ? node.name.substr(0, node.name.rfind('.'))
                                                        : node.name;
}

/// The node's weight, behind its quantizer if it has one.
Value weight_of(const ir::Graph& graph, const ir::Node& node) {
  const ir::Node& operand = graph.node(node.inputs[1]);
  return std::holds_alternative<ir::FakeQuant>(operand.op) ? operand.inputs[0] : node.inputs[1];
}

const char* own_quantizer(const ir::Node& node) {
  for (const auto& [name, quantizer] : kUpsampled) {
    if (node.name == name) return quantizer;
  }
  return nullptr;
}

/// Decides which layers are quantized and collects what does not fit.
class Layers {
 public:
  Layers(const ir::Model& deployed, const CheckpointRanges& ranges) : model_(deployed), ranges_(ranges) {
    for (const ir::Node& node : deployed.graph.nodes()) {
      if (ir::is_layer(node) && !is_quantized(node)) policy_.keep_float.insert(node.name);
      if (const char* own = own_quantizer(node)) take(own, 1);
    }
    for (const auto& [path, range] : ranges) {
      if (!used_.contains(path)) findings_.push_back(fmt::format("{}: there is no such layer", path));
    }
    if (!findings_.empty())
      throw InputError("its ranges cannot be taken over:\n  {}", fmt::join(findings_, "\n  "));
    policy_.rules = {.weight_bits = kWeightBits};
    policy_.float_predictions = false;
    policy_.bits = bits_.value_or(kWeightBits);
  }
  const passes::QuantPolicy& policy() const { return policy_; }

 private:
  bool is_quantized(const ir::Node& node) {
    const std::string module = module_of(node);
    const auto* input = take(module + kInput, 1);
    if (!ir::is_convolution(node)) return input != nullptr && !input->settings.disabled;
    const auto channels = static_cast<size_t>(model_.graph.node(weight_of(model_.graph, node)).shape[0]);
    const auto* weight = take(module + kWeight, channels);
    if (input == nullptr && weight == nullptr) return false;
    if (input == nullptr || weight == nullptr) {
      findings_.push_back(fmt::format("{}{}: is missing", module, input == nullptr ? kInput : kWeight));
      return false;
    }
    if (input->settings.disabled != weight->settings.disabled) {
      findings_.push_back(fmt::format("{}: one of its two quantizers is disabled", module));
    }
    return !input->settings.disabled;
  }

  /// The range of a path when there is one, after checking it.
  const CheckpointRange* take(const std::string& path, size_t length) {
    const auto found = ranges_.find(path);
    if (found == ranges_.end()) return nullptr;
    const bool is_new = used_.insert(path).second;
    const CheckpointRange& range = found->second;
    if (!is_new || range.settings.disabled) return &range;
    if (range.amax.size() != length) {
      findings_.push_back(fmt::format("{}: {} numbers, {} are expected", path, range.amax.size(), length));
    }
    if (!std::ranges::all_of(range.amax, [](float amax) { return std::isfinite(amax) && amax >= 0; })) {
      findings_.push_back(
          fmt::format("{}: is not finite or negative (half precision ends at 65504); calibrate again", path));
    }
    if (range.settings.is_unsigned || range.settings.narrow_range) {
      findings_.push_back(fmt::format("{}: is {}; signed quantizers of the whole range are accepted", path,
                                      range.settings.is_unsigned ? "unsigned" : "of narrow range"));
    }
    check_bits(path, range.settings.bits);
    return &range;
  }

  void check_bits(const std::string& path, int64_t bits) {
    const bool is_weight = path.ends_with(kWeight);
    if (!is_weight && !bits_) bits_ = bits;
    if (const int64_t expected = is_weight ? kWeightBits : *bits_; bits != expected || bits < 2 || bits > 8) {
      findings_.push_back(
          fmt::format("{}: {} bits; weights have 8, activations 2 to 8, all the same", path, bits));
    }
  }

  const ir::Model& model_;
  const CheckpointRanges& ranges_;
  passes::QuantPolicy policy_;
  std::set<std::string> used_;
  std::vector<std::string> findings_;
  std::optional<int64_t> bits_;
};

/// The largest range among the layers that read a quantizer, and of its source's own; 0 when none has one.
float range_of_readers(const ir::Graph& graph, Value quantizer, const CheckpointRanges& ranges) {
  float amax = 0;
  const auto consider = [&](const std::string& path) {
    if (const auto found = ranges.find(path); found != ranges.end() && !found->second.settings.disabled) {
      amax = std::max(amax, found->second.amax[0]);
    }
  };
  for (const Value reader : graph.consumers(quantizer)) {
    if (ir::is_layer(graph.node(reader))) consider(module_of(graph.node(reader)) + kInput);
  }
  if (const char* own = own_quantizer(graph.node(graph.node(quantizer).inputs[0]))) consider(own);
  return amax;
}

/// Largest magnitude a slice of the first axis.
std::vector<float> ranges_of_first_axis(const ir::Array& weight) {
  std::vector<float> ranges(static_cast<size_t>(weight.shape[0]));
  const std::vector<float>& values = weight.floats();
  for (size_t i = 0; i < values.size(); ++i) {
    float& range = ranges[i / (values.size() / ranges.size())];
    range = std::max(range, std::fabs(values[i]));
  }
  return ranges;
}

}  // namespace

ir::Model quantized_by_checkpoint(const ir::Model& deployed, const CheckpointRanges& ranges) {
  ir::Model model = passes::insert_quantizers(deployed, Layers(deployed, ranges).policy());
  for (uint32_t id = 0; id < model.graph.size(); ++id) {
    const ir::Node& node = model.graph[id];
    if (!ir::is_activation_quantizer(model.graph, node)) continue;
    const std::string& parameter = model.graph.node(node.inputs[1]).name;
    model.weights.at(parameter) = ir::Array::scalar(range_of_readers(model.graph, {id}, ranges));
  }
  return passes::share_ranges(model);
}

CheckpointRanges checkpoint_ranges(const ir::Model& calibrated) {
  const ir::Graph& graph = calibrated.graph;
  CheckpointRanges ranges;
  const auto note = [&](const std::string& path, Value quantizer) {
    const ir::Node& node = graph.node(quantizer);
    if (!std::get<ir::FakeQuant>(node.op).is_signed) {
      throw UnsupportedError(
          "'{}' is unsigned; checkpoints of the reference hold signed ranges: calibrate with "
          "--scheme tensorrt",
          node.name);
    }
    const float amax = calibrated.floats(node.inputs[1])[0];
    auto [place, is_new] = ranges.try_emplace(path, CheckpointRange{{amax}});
    place->second.amax[0] = std::max(place->second.amax[0], amax);  // the pool has three inputs
  };
  for (const ir::Node& node : graph.nodes()) {
    if (!ir::is_quantized_layer(graph, node)) continue;
    note(module_of(node) + kInput, node.inputs[0]);
    if (ir::is_convolution(node)) {
      const ir::Array& weight = calibrated.weight(weight_of(graph, node));
      ranges.emplace(node.name + kWeight, CheckpointRange{ranges_of_first_axis(weight)});
    }
  }
  for (const auto& [name, own] : kUpsampled) {
    const auto source = graph.find(name);
    if (!source) continue;
    for (const Value reader : graph.consumers(*source)) {
      if (ir::is_activation_quantizer(graph, graph.node(reader))) note(own, reader);
    }
  }
  return ranges;
}

}  // namespace y6q::checkpoint
