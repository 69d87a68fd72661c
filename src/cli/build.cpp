#include "stages/build.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/errors.h"
#include "cli/cache_folder.h"
#include "cli/command.h"
#include "cli/format_name.h"
#include "cli/options.h"
#include "cli/precision_option.h"
#include "stages/build_tensorrt.h"
#include "stages/engine_file.h"

namespace y6q::cli {
namespace {

class BuildCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    auto* onnx =
        app.add_option("--onnx", options_.onnx, "ONNX file, float or with Q/DQ pairs")->group(kModelGroup);
    app.add_option("--weights", weights_, "Model file instead, which is exported for it")
        ->excludes(onnx)
        ->group(kModelGroup);
    add_engine(app, options_.engine, &by_trtexec_)
        ->description(
            "Engine to compile it for, on this CPU; tensorrt: by the installed trtexec, the engine beside "
            "--out as .engine");
    app.add_option("--cache", cache_,
                   "Calibration cache of an ONNX file without quantizers, for TensorRT 8 to 10")
        ->group(kModelGroup);
    add_out(app, options_.out, "JSON file to write: the layers that are executed, and their precisions")
        ->check(format_name(".json"));
    add_precision(app, precision_);
    app.add_option("--batch-size", options_.batch,
                   "Number of images in a batch; tensorrt with --weights: 0 for any, from 1 to 32")
        ->check(CLI::Range(int64_t{0}, int64_t{4096}))
        ->capture_default_str()
        ->group(kDataGroup);
    add_threads(app, options_.threads);
    add_example(app, "yolov6q build --onnx ptq.onnx --out engine.json");
  }

  void run(Console& console) override {
    if (options_.onnx.empty() && weights_.empty()) throw UsageError("build: give --onnx or --weights");
    if (by_trtexec_) return run_tensorrt(console);
    if (options_.batch == 0)
      throw UsageError("build: --batch-size 0: {} takes 1 to 4096", name_of(options_.engine));
    if (!cache_.empty()) throw UsageError("build: --cache: is for --engine tensorrt");
    const stages::EngineFile file(weights_.empty() ? options_.onnx : weights_, {engine_file_folder()});
    options_.onnx = file.onnx();
    options_.precision = precision_.settle(
        options_.onnx, {.engine = options_.engine, .threads = options_.threads}, console.monitor());
    const stages::BuildResult result = stages::build(options_);
    console.result(fmt::format("{} on {}: {} layers, {} of {} convolutions in integers; in float: {}\n{}",
                               engine::facts_of(result.engine).title, result.isa, result.layers,
                               result.integer_convolutions, result.convolutions,
                               result.float_convolutions.empty()
                                   ? "none"
                                   : fmt::format("{}", fmt::join(result.float_convolutions, ", ")),
                               result.note.empty() ? "" : result.note + "\n"),
                   stages::to_json(result));
  }

 private:
  void run_tensorrt(Console& console) const {
    const stages::TensorRtBuild build = stages::build_tensorrt({.weights = weights_,
                                                                .onnx = options_.onnx,
                                                                .cache = cache_,
                                                                .out = options_.out,
                                                                .batch = options_.batch},
                                                               console.monitor());
    const nlohmann::json document = stages::to_json(build);
    const eval::LatencyStats& ms = build.times.latency_ms;
    std::string text = fmt::format(
        "TensorRT {}: {}\n{} layers ({}), {} reformats\np50 {:.3f} ms, p90 {:.3f}, p99 {:.3f}, on the device "
        "alone, without transfers, as one CUDA graph\n",
        build.version, build.engine.string(), document.at("layers").get<int64_t>(),
        document.at("by_precision").dump(), document.at("reformats").get<int64_t>(), ms.p50, ms.p90, ms.p99);
    for (const auto& layer : document.at("slowest")) {
      text += fmt::format("{:>9.4f} ms {:>5.1f} %  {}\n", layer.at("average_ms").get<double>(),
                          layer.at("percentage").get<double>(), layer.at("name").get<std::string>());
    }
    console.result(text, document);
  }

  stages::BuildOptions options_;
  bool by_trtexec_ = false;
  fs::path cache_;
  fs::path weights_;
  PrecisionChoice precision_;
};

}  // namespace

std::unique_ptr<Command> make_build_command() { return std::make_unique<BuildCommand>(); }

}  // namespace y6q::cli
