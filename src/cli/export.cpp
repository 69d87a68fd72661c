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
    app.add_option("--form", form_, "float: quantizers left out; qdq: as QuantizeLinear and DequantizeLinear")
        ->check(CLI::IsMember({"float", "qdq"}))
        ->capture_default_str();
    app.add_option("--export-batch-size", options_.batch, "Images a call; 0: any number")
        ->check(CLI::Range(int64_t{0}, int64_t{4096}))
        ->capture_default_str();
    app.add_flag("--raw-head", options_.raw_head, "End at the maps cls0 … reg2 instead of decoded boxes");
    add_example(app, "yolov6q export --weights ptq.safetensors --form qdq --out ptq.onnx");
  }

  void run(Console& console) override {
    options_.form = form_ == "qdq" ? onnx::Form::qdq : onnx::Form::plain;
    stages::export_onnx(options_);
    const auto bytes = fs::file_size(options_.out);
    console.result(fmt::format("{}: {} bytes, form {}\n", options_.out.string(), bytes, form_),
                   {{"onnx", options_.out.string()}, {"bytes", bytes}, {"form", form_}});
  }

 private:
  stages::ExportOptions options_;
  std::string form_ = "float";
};

}  // namespace

std::unique_ptr<Command> make_export_command() { return std::make_unique<ExportCommand>(); }

}  // namespace y6q::cli
