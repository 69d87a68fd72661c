#include "pipeline/pipeline.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <optional>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/run_options.h"
#include "cli/train_options.h"
#include "pipeline/pipeline.h"
#include "pipeline/table.h"
#include "pipeline/verdict.h"

namespace y6q::cli {
namespace {

class PipelineCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    add_network_options(app, options_.train);
    run_.declare(app);
    add_engine(app, run_.options.engine)->description("Engine that the INT8 models are measured in");
    add_epochs_and_batch_size(app, options_.train.training);
    add_out(app, options_.train.training.out,
            "Folder of the run; the same command again goes on where it stopped");
    app.add_option("--recipe", recipe_,
                   "YAML file with the maps pipeline, hyper_search, train, calibrate, qat and bench")
        ->group(kTrainingGroup);
    app.add_option("--scales", options_.train.scales, "RepOptimizer's scales instead of searching for them")
        ->group(kTrainingGroup);
    app.add_flag("--search,!--no-search", options_.search,
                 "Search for RepOptimizer's scales in --mode repopt (on); without, plain SGD")
        ->group(kTrainingGroup);
    app.add_option("--from", options_.from, "First step to run; earlier ones are taken as they are")
        ->group(kStepsGroup);
    app.add_option("--to", options_.to,
                   fmt::format("Last step to run; steps are {}", fmt::join(pipeline::kPhases, ", ")))
        ->group(kStepsGroup);
    app.add_flag("--final", final_, "Measure on the test split instead of val")->group(kEvaluationGroup);
    app.add_option(
           "--max-drop", max_drop_,
           "Exit 1 when the INT8 engine loses more points of mAP than this, or is not what was simulated")
        ->check(CLI::Range(0.0, 100.0))
        ->group(kEvaluationGroup);
    add_example(app, "yolov6q pipeline --data data.yaml --model yolov6n --img-size 320 --out runs/x");
  }

  void run(Console& console) override {
    if (!recipe_.empty()) pipeline::read_pipeline_recipe(recipe_, options_);
    options_.split = final_ ? "test" : "val";
    stages::Run& run = run_.start(console);
    const pipeline::Result result = pipeline::pipeline(options_, run);
    const fs::path& out = options_.train.training.out;
    std::string text = result.rows.empty() ? fmt::format("done up to {}: {}\n", options_.to, out.string())
                                           : report::to_text(pipeline::result_table(result));
    if (const pipeline::Verdict answer = pipeline::verdict(result); !answer.text.empty())
      text += "\n" + answer.text + "\n";
    if (options_.to.empty() || options_.to == pipeline::kPhases.back()) {
      text += fmt::format("\nreport: {}\n", (pipeline::results_folder(options_) / "report.html").string());
    }
    if (!result.trtexec.empty()) text += fmt::format("TensorRT 8.4 to 10: {}\n", result.trtexec);
    console.result(text, pipeline::result_document(result));
    if (max_drop_) pipeline::require_drop(result, *max_drop_);
  }

 private:
  RunSetup run_;
  pipeline::PipelineOptions options_;
  fs::path recipe_;
  bool final_ = false;
  std::optional<double> max_drop_;
};

}  // namespace

std::unique_ptr<Command> make_pipeline_command() { return std::make_unique<PipelineCommand>(); }

}  // namespace y6q::cli
