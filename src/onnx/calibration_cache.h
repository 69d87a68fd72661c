#pragma once

#include <string>
#include <string_view>

#include "onnx/write.h"

namespace y6q::onnx {

/// The name of TensorRT's calibrator with a placeholder for its version (spec/05 §5); real files carry a
/// number.
inline constexpr std::string_view kCacheHeader = "TRT-8XXX-EntropyCalibration2";

/// The calibration cache (spec/05 §4, §5) for the plain file that write_onnx makes with the same outputs: the
/// scale of every activation that is quantized, under its tensor's name, the larger one where it is quantized
/// twice. TensorRT 8 to 10 take it for implicit quantization. Throws UnsupportedError for ranges that a cache
/// cannot hold: it knows signed 8 bit only (scheme `tensorrt`); InputError when there are no ranges.
std::string calibration_cache(const ir::Model& model, const OnnxOptions& options = {},
                              std::string_view header = kCacheHeader);

}  // namespace y6q::onnx
