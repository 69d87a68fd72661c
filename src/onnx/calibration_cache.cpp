#include "onnx/calibration_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "onnx/emit.h"
#include "onnx/tensor_names.h"

namespace y6q::onnx {
namespace {

bool is_activation_quantizer(const ir::Graph& graph, const ir::Node& node) {
  const auto* quantizer = std::get_if<ir::FakeQuant>(&node.op);
  return quantizer && quantizer->channel_axis < 0 &&
         !std::holds_alternative<ir::Parameter>(graph.node(node.inputs[0]).op);
}

/// What is quantized, quantizers in a row taken as one tensor.
ir::Value source_of(const ir::Graph& graph, ir::Value value) {
  while (std::holds_alternative<ir::FakeQuant>(graph.node(value).op)) value = graph.node(value).inputs[0];
  return value;
}

}  // namespace

std::string calibration_cache(const ir::Model& model, const OnnxOptions& options, std::string_view header) {
  OnnxOptions plain = options;
  plain.form = Form::plain;
  const TensorNames names(model.graph, plain);
  std::vector<std::pair<ir::Value, float>> scales;
  for (uint32_t id = 0; id < model.graph.size(); ++id) {
    const ir::Node& node = model.graph[id];
    if (!names.is_written({id}) || !is_activation_quantizer(model.graph, node)) continue;
    const auto& quantizer = std::get<ir::FakeQuant>(node.op);
    if (!quantizer.is_signed || quantizer.bits != 8) {
      throw UnsupportedError(
          "cache: node '{}': its range is for {} integers of {} bits; a calibration cache holds signed 8 "
          "bit only: calibrate with --scheme tensorrt",
          node.name, quantizer.is_signed ? "signed" : "unsigned", quantizer.bits);
    }
    const ir::Value source = source_of(model.graph, node.inputs[0]);
    const float scale = quantizer_scale(quantizer, model.floats(node.inputs[1]).at(0));
    const auto found =
        std::find_if(scales.begin(), scales.end(), [&](const auto& entry) { return entry.first == source; });
    if (found == scales.end()) {
      scales.emplace_back(source, scale);
    } else {
      found->second = std::max(found->second, scale);
    }
  }
  if (scales.empty()) throw InputError("cache: the model has no quantized activations; calibrate it first");
  std::string text(header);
  text += '\n';
  for (const auto& [value, scale] : scales)
    text += fmt::format("{}: {:08x}\n", names[value], std::bit_cast<uint32_t>(scale));
  return text;
}

}  // namespace y6q::onnx
