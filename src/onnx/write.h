#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/names.h"
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

/// What the file takes images as.
enum class ImageType {
  floats,  ///< FP32 [B, 3, H, W], RGB in [0, 1]
  bytes    ///< UINT8 [B, H, W, 3], RGB in 0..255, divided by 255 and reordered inside
};

constexpr auto names_of(ImageType) {
  return name_table<ImageType>("image type", {{ImageType::floats, "floats"}, {ImageType::bytes, "bytes"}});
}

/// The node that suppresses boxes in a file.
enum class Suppressor {
  efficient,  ///< EfficientNMS_TRT, a plug-in of TensorRT (spec/08 §6)
  onnx        ///< NonMaxSuppression of ONNX itself: for ONNX Runtime and OpenVINO
};

constexpr auto names_of(Suppressor) {
  return name_table<Suppressor>("suppression",
                                {{Suppressor::efficient, "efficient"}, {Suppressor::onnx, "onnx"}});
}

/// Suppression in the file (spec/05 §6), as detect::nms does it: every class of a cell that scores above the
/// threshold is a candidate, boxes of different classes do not touch.
struct Suppression {
  Suppressor by = Suppressor::onnx;
  float score_threshold = 0.03F;  ///< 0 to 1; candidates score strictly above it
  float iou_threshold = 0.65F;    ///< 0 to 1; a box is suppressed by a better one when IoU > threshold
  int64_t max_detections = 300;   ///< K, 1 to 100,000; fewer where there are not so many cells and classes
};

struct OnnxOptions {
  Form form = Form::plain;
  Remainder remainder = Remainder::fp32;
  int64_t opset = 13;                     ///< 13 to 20
  int64_t batch = 1;                      ///< images a call; 0: any number (axis 0 is called `batch`)
  std::vector<std::string> outputs = {};  ///< names of marked outputs; empty: all but the taps feat*
  ImageType images = ImageType::floats;
  /// The one output is that of a Decode, and becomes num_dets [B, 1] INT32, det_boxes [B, K, 4] FP32 (x1, y1,
  /// x2, y2 in pixels of the input), det_scores [B, K] FP32 and det_classes [B, K] INT32; best first, rows
  /// from num_dets on mean nothing.
  std::optional<Suppression> suppression = {};
  std::string producer = "yolov6q";
  std::map<std::string, std::string> metadata = {};  ///< written as metadata_props, sorted by key
  FileRules rules = {};                              ///< of the runtime that the file is for
};

/// Writes the model (spec/05 §1, §2.1; spec/08 §2): input `images` with the graph's H and W, outputs under
/// the names they were marked with; what they do not need is left out. Same model and options, same bytes;
/// the file appears complete or not at all, and only when onnx::check accepts it. Throws UsageError (unknown
/// output, batch, opset or threshold out of range, suppression of other outputs), InputError (qdq of a model
/// that was not calibrated; fp16 of scales that are no FP16 numbers), UnsupportedError (a quantizer that the
/// opset has no integers for, a file beyond 2 GiB, what the runtime does not take), EnvironmentError (cannot
/// write).
void write_onnx(const std::filesystem::path& path, const ir::Model& model, const OnnxOptions& options = {});

/// Names of the file's nodes by what they do, for runtimes that are told precisions by name.
struct NodeNames {
  std::vector<std::string> in_float;  ///< convolutions, transposed ones and pools without integers
  std::vector<std::string> decoding;  ///< of boxes and scores
};
NodeNames node_names(const ir::Model& model, const OnnxOptions& options);

}  // namespace y6q::onnx
