#include "onnx/calibration_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "ir/queries.h"
#include "onnx/tensor_names.h"
#include "quant/fake_quant.h"

namespace y6q::onnx {
namespace {

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
  std::vector<std::pair<ir::Value, float>> ranges;
  for (const ir::Value id : ir::activation_quantizers(model.graph)) {
    const ir::Node& node = model.graph.node(id);
    if (!names.is_written(id)) continue;
    const auto& quantizer = std::get<ir::FakeQuant>(node.op);
    if (!quantizer.is_signed || quantizer.bits != 8) {
      throw UnsupportedError(
          "cache: node '{}': its range is for {} integers of {} bits; a calibration cache holds signed 8 "
          "bit only: calibrate with --scheme tensorrt",
          node.name, quantizer.is_signed ? "signed" : "unsigned", quantizer.bits);
    }
    const ir::Value source = source_of(model.graph, node.inputs[0]);
    const float amax = model.floats(node.inputs[1]).at(0);
    const auto found =
        std::find_if(ranges.begin(), ranges.end(), [&](const auto& entry) { return entry.first == source; });
    if (found == ranges.end()) {
      ranges.emplace_back(source, amax);
    } else {
      found->second = std::max(found->second, amax);
    }
  }
  if (ranges.empty()) throw InputError("cache: the model has no quantized activations; calibrate it first");
  std::string text(header);
  text += '\n';
  for (const auto& [value, amax] : ranges) {
    const float scale = quant::step_size(amax, quant::integer_range(8, true));
    text += fmt::format("{}: {:08x}\n", names[value], std::bit_cast<uint32_t>(scale));
  }
  return text;
}

}  // namespace y6q::onnx
