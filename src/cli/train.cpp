#include "stages/train.h"

#include "base/errors.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/run_options.h"
#include "cli/train_options.h"
#include "cli/training_report.h"

namespace y6q::cli {
namespace {

class TrainCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    app_ = &app;
    add_network_options(app, options_);
    app.add_option("--weights", options_.weights,
                   "Float model file or checkpoint (.pt) to start from; its classes may be others")
        ->group(kModelGroup);
    run_.declare(app);
    add_epochs_and_batch_size(app, options_.training);
    add_fitting_batch_size(app, options_.training);
    add_recipe_and_resume(app, options_.training, recipe_);
    app.add_option("--scales", options_.scales,
                   "RepOptimizer for --mode repopt: a scales file, or the model of --mode hyper_search")
        ->group(kTrainingGroup);
    add_example(
        app,
        "yolov6q train --data data.yaml --model yolov6n --mode repvgg --img-size 320 --out runs/x/float");
  }

  void run(Console& console) override {
    read_recipe(recipe_, options_.training);
    if (!options_.weights.empty()) {
      if (app_->count("--model") == 0) options_.architecture.clear();
      if (app_->count("--mode") == 0) options_.mode.clear();
    }
    stages::Run& run = run_.start(console);
    if (options_.training.fit_batch && (run.group().size() > 1 || run.device() != "cpu")) {
      throw UnsupportedError(
          "--batch-size auto: measures the memory of this machine for one process on the CPU; give a number");
    }
    report_training(console, stages::train(options_, run));
  }

 private:
  CLI::App* app_ = nullptr;
  RunSetup run_;
  stages::TrainOptions options_;
  fs::path recipe_;
};

}  // namespace

std::unique_ptr<Command> make_train_command() { return std::make_unique<TrainCommand>(); }

}  // namespace y6q::cli
