#include "infer/open.h"

#include "base/errors.h"
#include "formats/model_file.h"
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
  if (path.extension() == ".onnx") return open_engine(path, options);
  const formats::ModelFile file = formats::read_model(path);
  if (options.precision) require_fitting(path, ir::has_quantizers(file.model.graph), *options.precision);
  return open_eager(passes::deploy(file.model), {.bf16 = options.precision == engine::Precision::bf16,
                                                 .threads = options.threads,
                                                 .device = options.device,
                                                 .facts = {file.info.architecture, file.info.class_names}});
}

}  // namespace y6q::infer
