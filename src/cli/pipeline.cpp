#include "stages/pipeline.h"

#include <fmt/core.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/train_options.h"

namespace y6q::cli {
namespace {

class PipelineCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    add_network_options(app, options_.train);
    add_training_run_options(app, options_.train);
    add_out(app, options_.train.out, "Folder of the run; the same command again goes on where it stopped");
    app.add_option("--recipe", recipe_, "YAML file with the maps train, calibrate and bench");
    app.add_flag("--final", final_, "Measure on the test split instead of val");
    add_example(app, "yolov6q pipeline --data data.yaml --model yolov6n --img-size 320 --out runs/x");
  }

  void run(Console& console) override {
    if (!recipe_.empty()) stages::read_pipeline_recipe(recipe_, options_);
    options_.split = final_ ? "test" : "val";
    const stages::PipelineResult result = stages::pipeline(options_, console.monitor());
    console.result(fmt::format("{}\nreport: {}\n", report::to_text(stages::result_table(result)),
                               (options_.train.out / "report.html").string()),
                   stages::result_document(result));
  }

 private:
  stages::PipelineOptions options_;
  fs::path recipe_;
  bool final_ = false;
};

}  // namespace

std::unique_ptr<Command> make_pipeline_command() { return std::make_unique<PipelineCommand>(); }

}  // namespace y6q::cli
