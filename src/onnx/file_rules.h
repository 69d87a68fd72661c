#pragma once

namespace y6q::onnx {

/// What a runtime does not take of what ONNX allows.
struct FileRules {
  /// Codes are int8: TensorRT 11 refuses uint8, TensorRT-RTX takes it for int8 and computes other numbers
  /// (spec/08 §1, §2).
  bool signed_codes = false;
  /// Operators are ONNX's own: a plug-in of TensorRT is nothing to others.
  bool no_plugins = false;
};

}  // namespace y6q::onnx
