#include "stages/export.h"

#include <fmt/core.h>

#include "cli/command.h"
#include "cli/options.h"

namespace y6q::cli {
namespace {

class ExportCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    add_weights(app, options_.weights);
    add_out(app, options_.out, "ONNX file to write");
    app.add_option(
           "--form", form_,
           "float: the float network; qdq: quantizers as QuantizeLinear and DequantizeLinear; qdq-free: "
           "without them, and TensorRT's calibration cache beside it")
        ->check(CLI::IsMember(all_names<stages::ExportForm>()))
        ->capture_default_str()
        ->group(kOutputGroup);
    app.add_option("--export-batch-size", options_.batch, "Batch size of the file; 0 for a dynamic one")
        ->check(CLI::Range(int64_t{0}, int64_t{4096}))
        ->capture_default_str()
        ->group(kOutputGroup);
    app.add_flag("--raw-head", options_.raw_head, "End at the maps cls0 … reg2 instead of decoded boxes")
        ->group(kOutputGroup);
    app.add_flag("--graph-opt,!--no-graph-opt", options_.graph_opt,
                 "Give tensors that a concatenation or a pooling joins one common range (on)")
        ->group(kQuantizationGroup);
    add_example(app, "yolov6q export --weights ptq.safetensors --form qdq --out ptq.onnx");
  }

  void run(Console& console) override {
    options_.form = from_name<stages::ExportForm>(form_);
    const stages::ExportResult result = stages::export_onnx(options_);
    const auto bytes = fs::file_size(result.onnx);
    std::string text = fmt::format("{}: {} bytes, form {}\n", result.onnx.string(), bytes, form_);
    nlohmann::json document{
        {"onnx", result.onnx.string()}, {"bytes", bytes}, {"form", form_}, {"trtexec", result.trtexec}};
    if (!result.cache.empty()) {
      text += result.cache.string() + ": calibration cache\n";
      document["cache"] = result.cache.string();
    }
    console.result(text + "TensorRT: " + result.trtexec + "\n", document);
  }

 private:
  stages::ExportOptions options_;
  std::string form_ = "float";
};

}  // namespace

std::unique_ptr<Command> make_export_command() { return std::make_unique<ExportCommand>(); }

}  // namespace y6q::cli
