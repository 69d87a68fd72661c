#include "infer/open.h"

#include "base/errors.h"
#include "base/file_kind.h"
#include "checkpoint/convert.h"
#include "infer/eager_runner.h"
#include "ir/queries.h"
#include "passes/deploy.h"

namespace y6q::infer {
namespace {

void require_fitting(const fs::path& file, bool quantized, engine::Precision precision) {
  if (quantized == (precision == engine::Precision::int8)) return;
  throw InputError("{}: {}; it cannot run in {}", file.string(),
                   quantized ? "it is quantized and runs in int8 (simulated)"
                             : "it has no quantizers and runs in fp32 or bf16",
                   name_of(precision));
}

}  // namespace

std::unique_ptr<Runner> open(const fs::path& path, const RunnerOptions& options) {
  const FileKind kind = require_kind(path, {FileKind::model, FileKind::checkpoint, FileKind::state_dictionary,
                                            FileKind::onnx, FileKind::openvino_ir});
  if (kind == FileKind::onnx || kind == FileKind::openvino_ir) return open_engine(path, options);
  const formats::ModelFile file = checkpoint::read_network({.weights = path});
  if (options.precision) require_fitting(path, ir::has_quantizers(file.model.graph), *options.precision);
  return open_eager(passes::deploy(file.model), {.bf16 = options.precision == engine::Precision::bf16,
                                                 .threads = options.threads,
                                                 .device = options.device,
                                                 .facts = {file.info.architecture, file.info.class_names}});
}

}  // namespace y6q::infer
