#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "ir/model.h"

namespace y6q::onnx {

enum class Form {
  plain,  ///< quantizers left out: the float network, or (with a calibration cache) implicit quantization
  qdq     ///< every quantizer as QuantizeLinear -> DequantizeLinear: explicit quantization
};

struct OnnxOptions {
  Form form = Form::plain;
  int64_t batch = 1;                      ///< images a call; 0: any number (axis 0 is called `batch`)
  std::vector<std::string> outputs = {};  ///< names of marked outputs; empty: all but the taps feat*
  std::string producer = "yolov6q";
  std::map<std::string, std::string> metadata = {};  ///< written as metadata_props, sorted by key
};

/// Writes the model for opset 13 (spec/05 §1, §2.1): input `images` [B, 3, H, W] with the graph's H and W,
/// outputs under the names they were marked with; what they do not need is left out. Same model and options,
/// same bytes; the file appears complete or not at all. Throws UsageError (unknown output, batch out of
/// range), InputError (qdq of a model that was not calibrated), UnsupportedError (a quantizer that opset 13
/// has no integers for, a file beyond 2 GiB), EnvironmentError (cannot write).
void write_onnx(const std::filesystem::path& path, const ir::Model& model, const OnnxOptions& options = {});

}  // namespace y6q::onnx
