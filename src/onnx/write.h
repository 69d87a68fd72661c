#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "ir/model.h"
#include "onnx/file_rules.h"

namespace y6q::onnx {

enum class Form {
  plain,  ///< quantizers left out: the float network, or (with a calibration cache) implicit quantization
  qdq     ///< every quantizer as QuantizeLinear -> DequantizeLinear: explicit quantization
};

/// What is computed in that is not in integers. Every tensor of the file has that type, but for the input,
/// the outputs and the decoding of boxes, which are FP32: FP16 loses half a pixel beyond 512 (spec/08 §2).
enum class Remainder {
  fp32,
  fp16  ///< scales too, and weights are stored as codes; from opset 19
};

struct OnnxOptions {
  Form form = Form::plain;
  Remainder remainder = Remainder::fp32;
  int64_t opset = 13;                     ///< 13 to 20
  int64_t batch = 1;                      ///< images a call; 0: any number (axis 0 is called `batch`)
  std::vector<std::string> outputs = {};  ///< names of marked outputs; empty: all but the taps feat*
  std::string producer = "yolov6q";
  std::map<std::string, std::string> metadata = {};  ///< written as metadata_props, sorted by key
  FileRules rules = {};                              ///< of the runtime that the file is for
};

/// Writes the model (spec/05 §1, §2.1; spec/08 §2): input `images` [B, 3, H, W] with the graph's H and W,
/// outputs under the names they were marked with; what they do not need is left out. Same model and options,
/// same bytes; the file appears complete or not at all, and only when onnx::check accepts it. Throws
/// UsageError (unknown output, batch or opset out of range), InputError (qdq of a model that was not
/// calibrated; fp16 of scales that are no FP16 numbers), UnsupportedError (a quantizer that the opset has no
/// integers for, a file beyond 2 GiB, what the runtime does not take), EnvironmentError (cannot write).
void write_onnx(const std::filesystem::path& path, const ir::Model& model, const OnnxOptions& options = {});

/// Names of the file's nodes by what they do, for runtimes that are told precisions by name.
struct NodeNames {
  std::vector<std::string> in_float;  ///< convolutions, transposed ones and pools without integers
  std::vector<std::string> decoding;  ///< of boxes and scores
};
NodeNames node_names(const ir::Model& model, const OnnxOptions& options);

}  // namespace y6q::onnx
