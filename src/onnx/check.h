#pragma once

#include <onnx-ml.pb.h>

#include "onnx/file_rules.h"

namespace y6q::onnx {

/// Looks for what a runtime would refuse, or compute otherwise than was meant, before it does. In any file:
/// a tensor that nothing makes, or that two make; elements that are not finite, or another number of bytes
/// than the shape says; scales that are not above 0; zero points that are not 0 (our quantizers are
/// symmetric), or of another shape than their scales; more than one scale without an axis, or another number
/// of them than channels; operands of different types (strongly typed TensorRT converts nothing by itself,
/// spec/08 §2); FP16 scales before opset 19, scales of channels before 13. And what the rules say.
///
/// Knows the operators that write_onnx writes. Throws InputError naming node and tensor, UnsupportedError for
/// what the rules forbid.
void check(const ::onnx::ModelProto& file, const FileRules& rules);

}  // namespace y6q::onnx
