#pragma once

#include <openvino/core/model.hpp>

namespace y6q::engine {

/// What the convolutions of a quantized network compute in.
enum class Arithmetic { integers, floats };

/// Rewrites the quantizers of activations into the form that OpenVINO computes rightly and fastest; the
/// numbers of the network stay the same.
///
/// 1. QuantizeLinear -> DequantizeLinear per tensor becomes one FakeQuantize with equal ranges. In the form
///    that the ONNX front end makes of them (a quantizer to int8, conversions, a multiplication), OpenVINO
///    2026.4 drops the scale of signed quantizers that meet at a concatenation: outputs were off by 20 steps.
///
///      x -> FakeQuantize -> Convert -> Convert -> Subtract -> Multiply -> y    -->    x -> FakeQuantize -> y
///
/// 2. A quantizer behind a concatenation or max-pool of values that are quantized with the same range changes
///    nothing and is dropped; left in place it costs a pass over memory.
///
/// For arithmetic in integers the pair in front of a transposed convolution stays.
void simplify_quantizers(ov::Model& model, Arithmetic arithmetic);

/// Whether any activation is quantized: weights in integers alone change no arithmetic.
bool has_quantizers(const ov::Model& model);

}  // namespace y6q::engine
