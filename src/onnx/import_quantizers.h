#pragma once

#include "ir/ops.h"
#include "onnx/known_tensor.h"

namespace y6q::onnx {

/// Scales and zero points of a QuantizeLinear or DequantizeLinear. Throws InputError naming the scale: not a
/// constant, not above 0, more than one axis; or the zero point: not 0, neither INT8 nor UINT8.
Steps read_steps(const ::onnx::NodeProto& node, const KnownTensors& tensors);

/// The range whose step is `scale`: quant::step_size gives it back exactly where there is such a float (one
/// scale in 128 has none), 0 for the scales that stand for "nothing but zeros seen".
float range_of_scale(float scale, int32_t high);

/// The quantizer of these steps, and its ranges. `codes`: the largest magnitude among a weight's codes, which
/// decides between 7 bits and 8; 0 of activations.
struct Quantizer {
  ir::FakeQuant op;
  ir::Array amax;
};
Quantizer quantizer_of(const Steps& steps, int64_t codes);

/// x / step of every element, each channel with its own, rounded half to even.
std::vector<int64_t> codes_of(const ir::Array& array, const Steps& steps);
/// code * step.
std::vector<float> numbers_of(const std::vector<int64_t>& codes, const ir::Shape& shape, const Steps& steps);

}  // namespace y6q::onnx
