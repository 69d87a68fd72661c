#pragma once

#include <map>
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

/// The scales of a calibration cache by tensor, whatever calibrator wrote it. Throws InputError with the
/// line: a first line that does not begin with TRT-, a line that is no name and eight hex digits, a scale
/// that is not above 0, a name twice.
std::map<std::string, float> parse_calibration_cache(std::string_view text);

}  // namespace y6q::onnx
