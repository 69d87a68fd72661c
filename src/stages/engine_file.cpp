#include "stages/engine_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/file_kind.h"
#include "checkpoint/convert.h"
#include "formats/provenance.h"
#include "stages/export.h"

namespace y6q::stages {

EngineFile::EngineFile(const fs::path& file, const fs::path& cache) : onnx_(file) {
  const FileKind kind =
      require_kind(file, {FileKind::onnx, FileKind::openvino_ir, FileKind::model, FileKind::checkpoint});
  if (kind != FileKind::model && kind != FileKind::checkpoint) return;
  const std::string name =
      fmt::format("{}-{}.onnx", sha256_of_file(file).substr(0, 32), formats::build_digest());
  fs::path folder = cache;
  if (folder.empty()) {
    temporary_ = fs::temp_directory_path() / fmt::format("yolov6q-{}", ::getpid());
    folder = temporary_;
  }
  onnx_ = folder / name;
  if (fs::exists(onnx_)) return;
  const bool is_quantized = !checkpoint::read_network({.weights = file}).info.scheme.empty();
  export_onnx({.weights = file,
               .out = onnx_,
               .form = is_quantized ? ExportForm::qdq : ExportForm::plain,
               .raw_head = true});
}

EngineFile::~EngineFile() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

}  // namespace y6q::stages
