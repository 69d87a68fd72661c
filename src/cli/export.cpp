#include "stages/export.h"

#include <fmt/ranges.h>

#include "cli/command.h"
#include "cli/format_name.h"
#include "cli/options.h"

namespace y6q::cli {
namespace {

class ExportCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    add_weights(app, options_.weights);
    add_out(app, options_.out, "ONNX file to write; with --target a new folder");
    std::vector<std::string> names;
    for (const stages::Target& target : stages::targets()) names.emplace_back(target.name);
    auto* target = app.add_option("--target", target_,
                                  "Write everything that this runtime needs: network, commands, README")
                       ->check(CLI::IsMember(names))
                       ->group(kOutputGroup);
    app.add_option(
           "--form", form_,
           "float: the float network; qdq: quantizers as QuantizeLinear and DequantizeLinear; qdq-free: "
           "without them, and TensorRT's calibration cache beside it")
        ->check(CLI::IsMember(all_names<stages::ExportForm>()))
        ->capture_default_str()
        ->excludes(target)
        ->group(kOutputGroup);
    app.add_option("--export-batch-size", options_.batch, "Batch size of the file; 0 for a dynamic one")
        ->check(CLI::Range(int64_t{0}, int64_t{4096}))
        ->capture_default_str()
        ->group(kOutputGroup);
    app.add_flag("--raw-head", options_.raw_head, "End at the maps cls0 … reg2 instead of decoded boxes")
        ->group(kOutputGroup);
    app.add_option("--images", images_,
                   "What the file takes: floats [B, 3, H, W] in 0..1, or bytes [B, H, W, 3] in 0..255")
        ->check(CLI::IsMember(all_names<onnx::ImageType>()))
        ->capture_default_str()
        ->group(kOutputGroup);
    declare_suppression(app);
    app.add_option("--cache-header", options_.cache_header, "First line of a calibration cache")
        ->capture_default_str()
        ->group(kOutputGroup);
    app.add_flag("--graph-opt,!--no-graph-opt", options_.graph_opt,
                 "Give tensors that a concatenation or a pooling joins one common range (on)")
        ->group(kQuantizationGroup);
    add_example(app, "yolov6q export --weights ptq.safetensors --target tensorrt-11 --out engine");
  }

  void run(Console& console) override {
    options_.images = from_name<onnx::ImageType>(images_);
    if (!nms_.empty()) {
      suppression_.by = from_name<onnx::Suppressor>(nms_);
      options_.suppression = suppression_;
    }
    if (target_.empty()) {
      require_format_name("--out", options_.out, ".onnx");
      run_form(console);
    } else {
      run_target(console);
    }
  }

 private:
  void declare_suppression(CLI::App& app) {
    auto* nms = app.add_option("--nms", nms_,
                               "Suppress boxes in the file: efficient, TensorRT's plug-in EfficientNMS_TRT; "
                               "onnx, NonMaxSuppression for ONNX Runtime and OpenVINO")
                    ->check(CLI::IsMember(all_names<onnx::Suppressor>()))
                    ->group(kOutputGroup);
    app.add_option("--conf-thres", suppression_.score_threshold, "Lowest score in the file's suppression")
        ->check(CLI::Range(0.0, 1.0))
        ->needs(nms)
        ->capture_default_str()
        ->group(kOutputGroup);
    app.add_option("--iou-thres", suppression_.iou_threshold,
                   "A box suppresses worse ones whose IoU with it is higher")
        ->check(CLI::Range(0.0, 1.0))
        ->needs(nms)
        ->capture_default_str()
        ->group(kOutputGroup);
    app.add_option("--max-det", suppression_.max_detections,
                   "Number of boxes that the file keeps of an image")
        ->check(CLI::Range(int64_t{1}, int64_t{100'000}))
        ->needs(nms)
        ->capture_default_str()
        ->group(kOutputGroup);
  }

  static std::string dead_text(int64_t count) {
    return count == 0
               ? ""
               : fmt::format("{} channels of convolutions are constant zero; they do no harm\n", count);
  }

  void run_target(Console& console) {
    const stages::ExportedFolder done = stages::export_for(stages::target_named(target_), options_);
    console.result(fmt::format("{}: {}\n{}", options_.out.string(), fmt::join(done.files, ", "),
                               dead_text(done.dead_channels)),
                   {{"target", target_},
                    {"folder", options_.out.string()},
                    {"files", done.files},
                    {"dead_channels", done.dead_channels}});
  }

  void run_form(Console& console) {
    options_.form = from_name<stages::ExportForm>(form_);
    const stages::ExportResult result = stages::export_onnx(options_);
    const auto bytes = fs::file_size(result.onnx);
    std::string text = fmt::format("{}: {} bytes, form {}\n", result.onnx.string(), bytes, form_);
    nlohmann::json document{{"onnx", result.onnx.string()},
                            {"bytes", bytes},
                            {"form", form_},
                            {"trtexec", result.trtexec},
                            {"dead_channels", result.dead_channels}};
    text += dead_text(result.dead_channels);
    if (!result.cache.empty()) {
      text += result.cache.string() + ": calibration cache\n";
      document["cache"] = result.cache.string();
    }
    console.result(text + "TensorRT 8.4 to 10: " + result.trtexec + "\n", document);
  }

  stages::ExportOptions options_;
  onnx::Suppression suppression_;
  std::string target_, form_ = "float", images_ = "floats", nms_;
};

}  // namespace

std::unique_ptr<Command> make_export_command() { return std::make_unique<ExportCommand>(); }

}  // namespace y6q::cli
