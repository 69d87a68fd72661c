#include "stages/build.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "cli/command.h"
#include "cli/format_name.h"
#include "cli/options.h"
#include "cli/precision_option.h"

namespace y6q::cli {
namespace {

class BuildCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("--onnx", options_.onnx, "ONNX file, float or with Q/DQ pairs")
        ->required()
        ->group(kModelGroup);
    add_out(app, options_.out, "JSON file to write: the layers that are executed, and their precisions")
        ->check(format_name(".json"));
    add_precision(app, options_.precision);
    add_batch_size(app, options_.batch);
    add_threads(app, options_.threads);
    add_example(app, "yolov6q build --onnx ptq.onnx --out engine.json");
  }

  void run(Console& console) override {
    const stages::BuildResult result = stages::build(options_);
    console.result(
        fmt::format("OpenVINO on {}: {} layers, {} of {} convolutions in integers; in float: {}\n{}",
                    result.isa, result.layers, result.integer_convolutions, result.convolutions,
                    result.float_convolutions.empty()
                        ? "none"
                        : fmt::format("{}", fmt::join(result.float_convolutions, ", ")),
                    result.note.empty() ? "" : result.note + "\n"),
        stages::to_json(result));
  }

 private:
  stages::BuildOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_build_command() { return std::make_unique<BuildCommand>(); }

}  // namespace y6q::cli
