#include "checkpoint/convert.h"

#include <fmt/core.h>

#include "base/errors.h"
#include "cli/command.h"
#include "cli/format_name.h"
#include "cli/options.h"
#include "models/yolov6.h"

namespace y6q::cli {
namespace {

const char* extension_of(checkpoint::ConvertTarget target) {
  switch (target) {
    case checkpoint::ConvertTarget::model:
      return ".safetensors";
    case checkpoint::ConvertTarget::pt:
      return ".pt";
    case checkpoint::ConvertTarget::scales:
      return ".json";
  }
  throw InternalError("convert: target {}", static_cast<int>(target));
}

class ConvertCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("--weights", options_.weights,
                   "PyTorch checkpoint (.pt), ONNX file (.onnx) or model file to read")
        ->required()
        ->group(kModelGroup);
    app.add_option(
           "--cache", options_.cache,
           "TensorRT calibration cache of an ONNX file without quantizers: its ranges become the model's")
        ->group(kModelGroup);
    add_out(app, options_.out, "File to write");
    app.add_option("--to", target_,
                   "What to write: model (default for .pt and .onnx), pt (a state dictionary; default for a "
                   "model file) or "
                   "scales (RepOptimizer's)")
        ->check(CLI::IsMember(all_names<checkpoint::ConvertTarget>()))
        ->group(kOutputGroup);
    app.add_option(
           "--entry", entry_,
           "Which network of a training checkpoint to take; best is ema where there is one, else model")
        ->check(CLI::IsMember(all_names<checkpoint::CheckpointEntry>()))
        ->capture_default_str()
        ->group(kModelGroup);
    app.add_flag("--deploy", options_.deploy, "Merge branches and fold batch normalisation")
        ->group(kOutputGroup);
    app.add_flag(
           "--float", options_.float_only,
           "Take the float network out of a calibrated checkpoint, in its training form and without ranges")
        ->group(kOutputGroup);
    app.add_option("--class-names", options_.class_names,
                   "Names of the classes, separated by commas (default: those that the file says)")
        ->delimiter(',')
        ->group(kModelGroup);
    app.add_option("--model", options_.architecture,
                   "Network that a list of scales belongs to (default: recognised by its channels)")
        ->check(CLI::IsMember(models::architectures()))
        ->group(kModelGroup);
    app.add_option("--mode", mode_,
                   "Version of QARepVGG blocks in a state dictionary, which does not tell: qarepvgg, or "
                   "qarepvgg_v1 (released checkpoints)")
        ->check(CLI::IsMember({"qarepvgg", "qarepvgg_v1"}))
        ->group(kModelGroup);
    add_image_size(app, options_.image_size);
    add_example(app, "yolov6q convert --weights yolov6s_v2_reopt.pt --out yolov6s.safetensors");
  }

  void run(Console& console) override {
    if (!target_.empty()) options_.target = from_name<checkpoint::ConvertTarget>(target_);
    if (!mode_.empty()) options_.mode = from_name<models::Mode>(mode_);
    if (options_.target) require_format_name("--out", options_.out, extension_of(*options_.target));
    options_.entry = from_name<checkpoint::CheckpointEntry>(entry_);
    const checkpoint::Conversion done = checkpoint::convert(options_);
    const formats::ModelInfo& info = done.info;
    const bool network = !info.architecture.empty();
    std::string text =
        fmt::format("{}: {}, {} {}\n", options_.out.string(), name_of(done.target), done.entries,
                    done.target == checkpoint::ConvertTarget::scales ? "blocks" : "tensors");
    nlohmann::json document{
        {"out", options_.out.string()}, {"kind", name_of(done.target)}, {"entries", done.entries}};
    if (network) {
      text +=
          fmt::format("{}, mode {}, {} classes, {}\n", info.architecture, info.mode, info.class_names.size(),
                      info.scheme.empty() ? "float" : "calibrated (scheme " + info.scheme + ")");
      document.update({{"architecture", info.architecture},
                       {"mode", info.mode},
                       {"class_names", info.class_names},
                       {"scheme", info.scheme}});
    }
    console.result(text, document);
  }

 private:
  checkpoint::ConvertOptions options_;
  std::string target_, entry_ = "best", mode_;
};

}  // namespace

std::unique_ptr<Command> make_convert_command() { return std::make_unique<ConvertCommand>(); }

}  // namespace y6q::cli
