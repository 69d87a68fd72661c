#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/model.h"
#include "onnx/write.h"
#include "quant/scheme.h"

namespace y6q::stages {

/// How a network's quantizers reach a runtime.
enum class QuantizedForm {
  qdq,       ///< explicit: QuantizeLinear -> DequantizeLinear
  cache,     ///< implicit: a plain file and TensorRT's calibration cache
  openvino,  ///< OpenVINO's IR, made of the Q/DQ file and rewritten (decision 2)
};

/// What of a network decides the commands.
struct Exported {
  bool quantized = false;
  onnx::NodeNames nodes = {};
  int64_t batch = 1;  ///< 0: any
  std::array<int64_t, 2> image_size{640, 640};
  onnx::ImageType images = onnx::ImageType::floats;
};

/// A runtime and what it is given. A new one is an entry of the table in target.cpp.
struct Target {
  std::string_view name;     ///< of the option, "tensorrt-11"
  std::string_view runtime;  ///< "TensorRT 11"
  quant::Scheme scheme;      ///< that a calibrated model must have
  QuantizedForm form;
  onnx::Remainder remainder;
  int64_t opset;
  onnx::FileRules rules;
  bool transposed_per_channel;  ///< takes one range an output channel for transposed convolutions
  onnx::Suppressor suppressor;  ///< of boxes in the file, where that is asked for
  bool takes_bytes;             ///< images of bytes, where that is asked for
  bool takes_any_batch = true;  ///< a file whose batch is an axis of any length
  int trtexec_from = 0;         ///< first major version of trtexec that `build` makes it for; 0: for none
  /// The program's arguments that build or run the files of its folder, model.onnx or model.xml.
  std::vector<std::string> (*command)(const Exported& exported);
  std::string_view remark;  ///< a sentence for the folder's README, or nothing
};

/// In the order of the option's help.
std::span<const Target> targets();
/// Throws UsageError that lists the names.
const Target& target_named(std::string_view name);
/// Of a trtexec, from TensorRT 8 on.
const Target& target_of_trtexec(int major);

/// Throws InputError when the model was calibrated for another scheme, UnsupportedError for transposed
/// convolutions that the runtime computes otherwise. scheme: of the model file, "" float.
void require_fit(const Target& target, const ir::Model& model, std::string_view scheme);

/// Throws UnsupportedError for images, a batch or a suppression of another kind than the runtime takes.
void require_form(const Target& target, const onnx::OnnxOptions& options);

}  // namespace y6q::stages
