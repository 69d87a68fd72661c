#include "stages/export.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "models/yolov6.h"
#include "onnx/calibration_cache.h"
#include "passes/append_decode.h"
#include "passes/deploy.h"
#include "passes/share_ranges.h"

namespace y6q::stages {
namespace {

void check_form(const ExportOptions& options, const std::string& scheme) {
  if (options.form == ExportForm::plain && !scheme.empty()) {
    throw InputError(
        "{}: is calibrated, its biases belong to rounded weights; export the float model it was made from, "
        "or use "
        "--form qdq or qdq-free",
        options.weights.string());
  }
  if (options.form != ExportForm::plain && scheme.empty()) {
    throw InputError("{}: has no quantizers; run calibrate first, or export with --form float",
                     options.weights.string());
  }
}

fs::path cache_of(const fs::path& onnx) { return fs::path(onnx).replace_extension(".cache"); }

}  // namespace

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

std::string trtexec_command(const ExportOptions& options, const std::array<int64_t, 2>& size) {
  std::string command = fmt::format("trtexec --onnx={}", options.out.string());
  if (options.form == ExportForm::qdq_free) command += " --calib=" + cache_of(options.out).string();
  command += options.form == ExportForm::plain ? " --fp16" : " --int8 --fp16";
  if (options.batch == 0) {
    for (const auto& [name, batch] : {std::pair{"min", 1}, std::pair{"opt", 16}, std::pair{"max", 32}}) {
      command += fmt::format(" --{}Shapes=images:{}x3x{}x{}", name, batch, size[0], size[1]);
    }
  }
  return command +
         fmt::format(" --memPoolSize=workspace:1024 --percentile=99 --streams=1 --avgRuns=10 --saveEngine={}",
                     fs::path(options.out).replace_extension(".trt").string());
}

ExportResult export_onnx(const ExportOptions& options) {
  const bool cached = options.form == ExportForm::qdq_free;
  check_not_an_input(options.out, {options.weights});
  if (cached) {
    check_not_an_input(cache_of(options.out), {options.weights});
    if (cache_of(options.out) == options.out) {
      throw UsageError(
          "export: --out {}: is the name of the calibration cache beside it; give a name in .onnx",
          options.out.string());
    }
  }
  const formats::ModelFile file = formats::read_model(options.weights);
  check_form(options, file.info.scheme);
  ir::Model model = passes::deploy(file.model);
  if (options.graph_opt && options.form != ExportForm::plain) model = passes::share_ranges(model);
  onnx::OnnxOptions onnx{.form = options.form == ExportForm::qdq ? onnx::Form::qdq : onnx::Form::plain,
                         .batch = options.batch,
                         .metadata = onnx_metadata(file.info)};
  if (!options.raw_head) {
    model = passes::append_decode(model, {models::kStrides.begin(), models::kStrides.end()});
    onnx.outputs = {"outputs"};
  }
  ExportResult result{options.out, {}, {}};
  std::string cache;
  if (cached) {
    result.cache = cache_of(options.out);
    cache = onnx::calibration_cache(model, onnx);  // refuses before anything is written
  }
  onnx::write_onnx(options.out, model, onnx);
  if (!cache.empty()) write_file(result.cache, cache);
  result.trtexec = trtexec_command(options, file.info.image_size);
  return result;
}

}  // namespace y6q::stages
