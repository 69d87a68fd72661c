#include "stages/export.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "models/yolov6.h"
#include "passes/append_decode.h"
#include "passes/pipeline.h"

namespace y6q::stages {

std::map<std::string, std::string> onnx_metadata(const formats::ModelInfo& info) {
  std::string names;
  for (std::string name : info.class_names) {
    std::ranges::replace(name, '\n', ' ');
    names += (names.empty() ? "" : "\n") + name;
  }
  return {{"architecture", info.architecture},
          {"image_size", fmt::format("{} {}", info.image_size[0], info.image_size[1])},
          {"names", names},
          {"scheme", info.scheme}};
}

void export_onnx(const ExportOptions& options) {
  const formats::ModelFile file = formats::read_model(options.weights);
  if (options.form == onnx::Form::qdq && file.info.scheme.empty()) {
    throw InputError("{}: has no quantizers; run calibrate first, or export with --form float",
                     options.weights.string());
  }
  if (options.form == onnx::Form::plain && !file.info.scheme.empty()) {
    throw InputError(
        "{}: is calibrated, its biases belong to rounded weights; export the float model it was made from, "
        "or use "
        "--form qdq",
        options.weights.string());
  }
  ir::Model model = passes::deploy(file.model);
  onnx::OnnxOptions onnx{.form = options.form, .batch = options.batch, .metadata = onnx_metadata(file.info)};
  if (!options.raw_head) {
    model = passes::append_decode(model, {models::kStrides.begin(), models::kStrides.end()});
    onnx.outputs = {"outputs"};
  }
  onnx::write_onnx(options.out, model, onnx);
}

}  // namespace y6q::stages
