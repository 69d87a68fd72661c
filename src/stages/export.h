#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/files.h"
#include "base/names.h"
#include "formats/model_file.h"
#include "onnx/calibration_cache.h"
#include "onnx/write.h"
#include "stages/target.h"

namespace y6q::stages {

enum class ExportForm {
  plain,  ///< "float": the float network; refuses a calibrated model, whose biases belong to rounded weights
  qdq,    ///< "qdq": quantizers as QuantizeLinear -> DequantizeLinear (explicit quantization)
  qdq_free  ///< "qdq-free": a calibrated network without its quantizers, weights as they are rounded, and a
            ///< calibration cache (implicit one)
};

constexpr auto names_of(ExportForm) {
  return name_table<ExportForm>(
      "export form",
      {{ExportForm::plain, "float"}, {ExportForm::qdq, "qdq"}, {ExportForm::qdq_free, "qdq-free"}});
}

struct ExportOptions {
  fs::path weights = {};                ///< model file, or ONNX file to be written for another runtime
  fs::path out = {};                    ///< see export_onnx and export_for
  ExportForm form = ExportForm::plain;  ///< of export_onnx
  int64_t batch = 1;                    ///< 0: dynamic
  bool raw_head =
      false;  ///< false: one output `outputs` [B, A, 5 + nc]; true: cls0 … reg2 as the head gives them
  onnx::ImageType images = onnx::ImageType::floats;
  std::optional<onnx::Suppression> suppression = {};  ///< in the file; not with raw_head
  /// One range for tensors that a concatenation or pool joins (passes::share_ranges). Models calibrated here
  /// have them already; converted ones may not.
  bool graph_opt = true;
  std::string cache_header{onnx::kCacheHeader};  ///< first line of a calibration cache
};

struct ExportResult {
  fs::path onnx, cache;       ///< cache: empty unless form qdq_free
  std::string trtexec;        ///< what builds a TensorRT engine (8.4 to 10) of the files
  int64_t dead_channels = 0;  ///< ir::dead_channels
};

struct ExportedFolder {
  std::vector<std::string> files;  ///< names in it
  int64_t dead_channels = 0;
};

/// Merges, folds and writes the network as the ONNX file options.out, opset 13; form qdq_free also writes
/// <out without extension>.cache. Throws InputError for the forms with quantizers when the file has none,
/// UnsupportedError for a cache of scheme `cpu` or of a file that takes bytes, UsageError for suppression
/// behind a raw head.
ExportResult export_onnx(const ExportOptions& options);

/// Writes the folder options.out, which must be new or empty and appears complete or not at all: the network
/// in the form that the target takes, commands.sh, README.md. A float model is written as float. Throws what
/// export_onnx, require_fit and require_form throw; EnvironmentError for target `openvino` in a build without
/// OpenVINO.
ExportedFolder export_for(const Target& target, const ExportOptions& options);

/// What an exported file says about itself, as metadata_props: `names` (one class a line, in the order of
/// ids), `image_size` (height and width), `architecture`, `scheme` (empty: float). A file with suppression
/// has `score_threshold`, `iou_threshold` and `max_detections`, too.
std::map<std::string, std::string> onnx_metadata(const formats::ModelInfo& info);

/// ExportResult::trtexec of an export that was done.
std::string trtexec_command(const ExportOptions& options);

}  // namespace y6q::stages
