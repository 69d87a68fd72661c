#pragma once

#include <map>
#include <string>

#include "base/files.h"
#include "formats/model_file.h"
#include "onnx/write.h"

namespace y6q::stages {

struct ExportOptions {
  fs::path weights;  ///< model file
  fs::path out;      ///< ONNX file to write
  onnx::Form form = onnx::Form::plain;
  int64_t batch = 1;  ///< 0: dynamic
  bool raw_head =
      false;  ///< false: one output `outputs` [B, A, 5 + nc]; true: cls0 … reg2 as the head gives them
};

/// What an exported file says about itself, as metadata_props: `names` (one class a line, in the order of
/// ids), `image_size` (height and width), `architecture`, `scheme` (empty: float).
std::map<std::string, std::string> onnx_metadata(const formats::ModelInfo& info);

/// Merges, folds and writes the network as ONNX. Throws InputError for form qdq when the file has no
/// quantizers.
void export_onnx(const ExportOptions& options);

}  // namespace y6q::stages
