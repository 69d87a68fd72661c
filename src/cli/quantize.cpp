#include "pipeline/quantize.h"

#include <fmt/core.h>

#include "cli/command.h"
#include "cli/field_options.h"
#include "cli/options.h"
#include "cli/run_options.h"
#include "cli/train_options.h"
#include "ptq/range_fields.h"

namespace y6q::cli {
namespace {

/// Of calibration, what all trials have in common.
std::vector<Field<ptq::RangeOptions>> common_fields() {
  std::vector<Field<ptq::RangeOptions>> fields = ptq::range_fields();
  std::erase_if(fields, [](const auto& field) {
    return field.name == "method" || field.name == "equalize" || field.name == "adaptive_rounding";
  });
  return fields;
}

class QuantizeCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    add_weights(app, options_.weights);
    run_.declare(app);
    add_out(app, options_.out, "Folder of the search; the same command again goes on where it stopped");
    app.add_option("--max-drop", options_.bounds.max_drop,
                   "Points of mAP that the engine may lose to the float network on val")
        ->check(CLI::Range(0.0, 100.0))
        ->required()
        ->group(kGoalGroup);
    app.add_option("--confidence", options_.bounds.confidence,
                   "Be that sure of it (0.5 to 0.999): the loss that the interval of this confidence reaches "
                   "counts, instead of the one measured")
        ->check(CLI::Range(0.5, 0.999))
        ->group(kGoalGroup);
    app.add_option("--min-speedup", options_.bounds.min_speedup,
                   "Times that the engine has to be as fast as its best float precision at batch 1")
        ->check(CLI::Range(0.0, 1000.0))
        ->group(kGoalGroup);
    app.add_option("--time-budget", options_.time_budget_s,
                   "End the trials after this time, such as 90m or 2h (units s, m, h), with the best found")
        ->transform(CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"m", 60}, {"h", 3600}}))
        ->check(CLI::Range(1.0, 1e7))
        ->group(kGoalGroup);
    add_engine(app, run_.options.engine)->description("Engine that the model is measured in");
    add_fields(app, common_, options_.ranges, kQuantizationGroup);
    add_epochs_and_batch_size(app, options_.qat);
    app.add_option("--recipe", recipe_, "Training settings of QAT, YAML")->group(kTrainingGroup);
    app.add_option("--scales", options_.scales,
                   "RepOptimizer's scales, where the float model was trained with them; for QAT")
        ->group(kTrainingGroup);
    app.add_option("--seconds", options_.bench.seconds, "Seconds to measure each candidate in each round")
        ->check(CLI::Range(0.01, 600.0))
        ->capture_default_str()
        ->group(kTimingGroup);
    app.add_option("--rounds", options_.bench.rounds, "Rounds in which the candidates take turns")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str()
        ->group(kTimingGroup);
    add_example(app,
                "yolov6q quantize --weights runs/x/float/best.safetensors --data data.yaml --max-drop 0.1 "
                "--min-speedup 1.5 --out runs/q");
  }

  void run(Console& console) override {
    read_recipe(recipe_, options_.qat);
    stages::Run& run = run_.start(console);
    const pipeline::QuantizeResult result = pipeline::quantize(options_, run);
    console.result(
        fmt::format("{}\n{}\n\nreport: {}\n",
                    report::to_text(pipeline::quantize_table(result, options_.bounds)),
                    pipeline::quantize_verdict(result, options_), (options_.out / "report.html").string()),
        pipeline::quantize_document(result, options_));
    pipeline::require_inside(result, options_);
  }

 private:
  RunSetup run_;
  pipeline::QuantizeOptions options_;
  const std::vector<Field<ptq::RangeOptions>> common_ = common_fields();
  fs::path recipe_;
};

}  // namespace

std::unique_ptr<Command> make_quantize_command() { return std::make_unique<QuantizeCommand>(); }

}  // namespace y6q::cli
