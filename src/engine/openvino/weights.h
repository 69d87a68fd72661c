#pragma once

#include <cstdint>
#include <openvino/core/model.hpp>

namespace y6q::engine {

/// The largest magnitude among the integers of quantized weights; 0 when there are none. Weights are what
/// convolutions, transposed ones and matrix products read second: constants of bytes, or float constants
/// behind a FakeQuantize, with conversions and dequantization in between.
int64_t largest_weight_code(const ov::Model& model);

/// Rewrites a network of FakeQuantize nodes so that it gives the same numbers in float32: OpenVINO computes
/// in integers only what stands between FakeQuantize nodes.
///
///   x -> FakeQuantize -> y        -->    x -> Multiply -> Round -> Clamp -> Multiply -> y
///   constant -> FakeQuantize -> … -->    constant
///
/// Takes quantizers per tensor whose input and output ranges are equal (simplify_quantizers makes them) and
/// quantizers of constants. Throws InputError for others.
void compute_in_float(ov::Model& model);

}  // namespace y6q::engine
