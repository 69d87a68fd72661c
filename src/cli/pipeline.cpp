#include "pipeline/pipeline.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/train_options.h"
#include "pipeline/table.h"

namespace y6q::cli {
namespace {

class PipelineCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    add_network_options(app, options_.train);
    add_training_run_options(app, options_.train);
    add_out(app, options_.train.out, "Folder of the run; the same command again goes on where it stopped");
    app.add_option("--recipe", recipe_,
                   "YAML file with the maps pipeline, hyper_search, train, calibrate, qat and bench");
    app.add_option("--scales", options_.train.scales, "RepOptimizer's scales instead of searching for them");
    app.add_flag("--search,!--no-search", options_.search,
                 "Search for RepOptimizer's scales in --mode repopt (on); without, plain SGD");
    app.add_option("--from", options_.from, "First step to run; earlier ones are taken as they are");
    app.add_option("--to", options_.to,
                   fmt::format("Last step to run; steps are {}", fmt::join(pipeline::kPipelineSteps, ", ")));
    app.add_flag("--final", final_, "Measure on the test split instead of val");
    add_example(app, "yolov6q pipeline --data data.yaml --model yolov6n --img-size 320 --out runs/x");
  }

  void run(Console& console) override {
    if (!recipe_.empty()) pipeline::read_pipeline_recipe(recipe_, options_);
    options_.split = final_ ? "test" : "val";
    const pipeline::PipelineResult result = pipeline::pipeline(options_, console.monitor());
    std::string text = result.rows.empty()
                           ? fmt::format("done up to {}: {}\n", options_.to, options_.train.out.string())
                           : report::to_text(pipeline::result_table(result));
    const fs::path report = pipeline::results_folder(options_) / "report.html";
    if (options_.to.empty() || options_.to == pipeline::kPipelineSteps.back()) {
      text += fmt::format("\nreport: {}\n", report.string());
    }
    if (!result.trtexec.empty()) text += fmt::format("TensorRT: {}\n", result.trtexec);
    console.result(text, pipeline::result_document(result));
  }

 private:
  pipeline::PipelineOptions options_;
  fs::path recipe_;
  bool final_ = false;
};

}  // namespace

std::unique_ptr<Command> make_pipeline_command() { return std::make_unique<PipelineCommand>(); }

}  // namespace y6q::cli
