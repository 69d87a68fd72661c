#include "stages/engine_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/file_kind.h"
#include "base/trim_folder.h"
#include "checkpoint/convert.h"
#include "formats/provenance.h"
#include "stages/export.h"

namespace y6q::stages {

EngineFile::EngineFile(const fs::path& file, const EngineCache& cache) : onnx_(file) {
  const FileKind kind =
      require_kind(file, {FileKind::onnx, FileKind::openvino_ir, FileKind::model, FileKind::checkpoint});
  if (kind != FileKind::model && kind != FileKind::checkpoint) return;
  const std::string name =
      fmt::format("{}-{}.onnx", sha256_of_file(file).substr(0, 32), formats::build_digest());
  fs::path folder = cache.folder;
  if (folder.empty()) {
    temporary_ = fs::temp_directory_path() / fmt::format("yolov6q-{}", ::getpid());
    folder = temporary_;
  }
  onnx_ = folder / name;
  if (mark_used(onnx_)) return;
  const bool is_quantized = !checkpoint::read_network({.weights = file}).info.scheme.empty();
  export_onnx({.weights = file,
               .out = onnx_,
               .form = is_quantized ? ExportForm::qdq : ExportForm::plain,
               .raw_head = true});
  if (temporary_.empty()) trim_folder(folder, cache.bytes, onnx_);
}

EngineFile::~EngineFile() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

}  // namespace y6q::stages
