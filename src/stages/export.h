#pragma once

#include <array>
#include <map>
#include <string>

#include "base/files.h"
#include "base/names.h"
#include "formats/model_file.h"
#include "onnx/write.h"

namespace y6q::stages {

enum class ExportForm {
  plain,  ///< "float": the float network; refuses a calibrated model, whose biases belong to rounded weights
  qdq,    ///< "qdq": quantizers as QuantizeLinear -> DequantizeLinear (explicit quantization)
  qdq_free  ///< "qdq-free": a calibrated network without its quantizers, and a calibration cache (implicit
            ///< one)
};

constexpr auto names_of(ExportForm) {
  return name_table<ExportForm>(
      "export form",
      {{ExportForm::plain, "float"}, {ExportForm::qdq, "qdq"}, {ExportForm::qdq_free, "qdq-free"}});
}

struct ExportOptions {
  fs::path weights = {};  ///< model file
  fs::path out = {};      ///< ONNX file to write; form qdq_free also writes <out without extension>.cache
  ExportForm form = ExportForm::plain;
  int64_t batch = 1;  ///< 0: dynamic
  bool raw_head =
      false;  ///< false: one output `outputs` [B, A, 5 + nc]; true: cls0 … reg2 as the head gives them
  /// One range for tensors that a concatenation or pool joins (passes::share_ranges). Models calibrated here
  /// have them already; converted ones may not.
  bool graph_opt = true;
};

struct ExportResult {
  fs::path onnx, cache;  ///< cache: empty unless form qdq_free
  std::string trtexec;   ///< what builds a TensorRT engine of the files
};

/// What an exported file says about itself, as metadata_props: `names` (one class a line, in the order of
/// ids), `image_size` (height and width), `architecture`, `scheme` (empty: float).
std::map<std::string, std::string> onnx_metadata(const formats::ModelInfo& info);

/// What builds a TensorRT engine (8.4 and later) of the files such an export writes (spec/05 §7). image_size:
/// height, width.
std::string trtexec_command(const ExportOptions& options, const std::array<int64_t, 2>& image_size);

/// Merges, folds and writes the network as ONNX. Throws InputError for the forms with quantizers when the
/// file has none, UnsupportedError for a cache of scheme `cpu`.
ExportResult export_onnx(const ExportOptions& options);

}  // namespace y6q::stages
