#include "onnx/calibration_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
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

std::map<std::string, float> parse_calibration_cache(std::string_view text) {
  constexpr size_t kDigits = 8;
  std::map<std::string, float> scales;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (number == 1) {
      if (!line.starts_with("TRT-"))
        throw InputError("cache: line 1: '{}'; TRT- and a calibrator are expected", line.substr(0, 64));
      continue;
    }
    const size_t end = line.rfind(": ");
    uint32_t bits = 0;
    const std::string_view digits = end == std::string_view::npos ? "" : line.substr(end + 2);
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits, 16);
    if (error != std::errc() || digits.size() != kDigits || stop != digits.data() + digits.size())
      throw InputError("cache: line {}: '{}'; a tensor, a colon and eight hex digits are expected", number,
                       line.substr(0, 64));
    const auto scale = std::bit_cast<float>(bits);
    const std::string name(line.substr(0, end));
    if (!(scale > 0) || !std::isfinite(scale))
      throw InputError("cache: line {}: tensor '{}' has the scale {}; above 0 is accepted", number, name,
                       scale);
    if (!scales.emplace(name, scale).second)
      throw InputError("cache: line {}: tensor '{}' has two scales", number, name);
  }
  return scales;
}

}  // namespace y6q::onnx
