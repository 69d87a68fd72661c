#include "onnx/import_quantizers.h"

#include <algorithm>
#include <cmath>

#include "onnx/attributes.h"
#include "quant/fake_quant.h"
#include "quant/half_scale.h"

namespace y6q::onnx {
namespace {

using ::onnx::NodeProto;
using ::onnx::TensorProto;

const std::string& operand(const NodeProto& node, int index) {
  if (index >= node.input_size() || node.input(index).empty())
    refuse(node, "has {} operands, {} are needed", node.input_size(), index + 1);
  return node.input(index);
}

/// INT8, or UINT8, which is also what a zero point that is left out has.
bool is_signed(const NodeProto& node, const KnownTensors& tensors) {
  if (node.input_size() < 3 || node.input(2).empty()) return false;
  const std::string& name = node.input(2);
  if (!tensors.is_constant(name)) refuse(node, "its zero point '{}' is no constant", name);
  const int32_t type = tensors.type(name);
  if (type != TensorProto::INT8 && type != TensorProto::UINT8 && type != TensorProto::INT32)
    refuse(node, "its zero point '{}' is not INT8 or UINT8", name);
  for (const double zero : tensors.tensor(name).data) {
    if (zero != 0) refuse(node, "its zero point '{}' is {}; symmetric quantizers are accepted", name, zero);
  }
  return type != TensorProto::UINT8;
}

/// By element, the channel of an axis.
class Channels {
 public:
  Channels(const ir::Shape& shape, const Steps& steps) : steps_(steps) {
    if (steps.axis < 0) return;
    for (size_t axis = static_cast<size_t>(steps.axis) + 1; axis < shape.size(); ++axis)
      run_ *= static_cast<size_t>(shape[axis]);
  }
  float step(size_t element) const { return steps_.scales[element / run_ % steps_.scales.size()]; }

 private:
  const Steps& steps_;
  size_t run_ = 1;
};

}  // namespace

Steps read_steps(const NodeProto& node, const KnownTensors& tensors) {
  const std::string& name = operand(node, 1);
  if (!tensors.is_constant(name)) refuse(node, "its scale '{}' is no constant", name);
  if (int_attribute(node, "block_size", 0) != 0) refuse(node, "has scales of blocks");
  const ir::Tensor scale = tensors.tensor(name);
  Steps steps{.is_signed = is_signed(node, tensors)};
  if (scale.shape.size() > 1 || scale.data.empty())
    refuse(node, "its scale '{}' is {}; one number, or one a channel, is accepted", name,
           ir::to_text(scale.shape));
  if (scale.data.size() > 1 || (scale.shape.size() == 1 && attribute(node, "axis") != nullptr)) {
    steps.shape = scale.shape;
    steps.axis = int_attribute(node, "axis", 1);
  }
  for (const double number : scale.data) {
    if (!(number > 0) || !std::isfinite(number))
      refuse(node, "its scale '{}' is {}; above 0 is accepted", name, number);
    steps.scales.push_back(static_cast<float>(number));
  }
  return steps;
}

float range_of_scale(float scale, int32_t high) {
  // What is written for a range of zero, in FP32 and in FP16 (quant::step_size, onnx/emit.cpp).
  constexpr float kDeadHalfStep = 0x1p14F;
  const quant::IntegerRange range{.low = 0, .high = high};
  if (scale == quant::step_size(0, range) || scale == kDeadHalfStep) return 0;
  const float nearest = scale * static_cast<float>(high);
  for (const float amax : {nearest, std::nextafter(nearest, 0.0F), std::nextafter(nearest, INFINITY)}) {
    if (quant::step_size(amax, range) == scale) return amax;
  }
  return nearest;
}

Quantizer quantizer_of(const Steps& steps, int64_t codes) {
  constexpr int64_t kHighestOf7Bits = 63;
  Quantizer result;
  result.op.bits = codes > 0 && codes <= kHighestOf7Bits && steps.is_signed ? 7 : 8;
  result.op.channel_axis = steps.axis;
  result.op.is_signed = steps.is_signed;
  result.op.half_scale = true;
  const quant::IntegerRange range = quant::integer_range(result.op.bits, steps.is_signed);
  std::vector<float> amax;
  for (const float scale : steps.scales) {
    amax.push_back(range_of_scale(scale, range.high));
    result.op.half_scale = result.op.half_scale && quant::has_half_step(amax.back(), range);
  }
  result.amax = {steps.shape, std::move(amax)};
  return result;
}

std::vector<int64_t> codes_of(const ir::Array& array, const Steps& steps) {
  const Channels channels(array.shape, steps);
  std::vector<int64_t> codes;
  codes.reserve(array.floats().size());
  for (const float number : array.floats())
    codes.push_back(static_cast<int64_t>(
        std::clamp(std::nearbyint(number / channels.step(codes.size())), -128.0F, 255.0F)));
  return codes;
}

std::vector<float> numbers_of(const std::vector<int64_t>& codes, const ir::Shape& shape, const Steps& steps) {
  const Channels channels(shape, steps);
  std::vector<float> numbers;
  numbers.reserve(codes.size());
  for (const int64_t code : codes)
    numbers.push_back(static_cast<float>(code) * channels.step(numbers.size()));
  return numbers;
}

}  // namespace y6q::onnx
