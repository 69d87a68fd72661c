#include "stages/qat.h"

#include "cli/command.h"
#include "cli/options.h"
#include "cli/run_options.h"
#include "cli/train_options.h"
#include "cli/training_report.h"

namespace y6q::cli {
namespace {

class QatCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("--weights", options_.weights, "Calibrated model file or ONNX file")
        ->required()
        ->group(kModelGroup);
    run_.declare(app);
    add_epochs_and_batch_size(app, options_.training);
    add_recipe_and_resume(app, options_.training, recipe_);
    app.add_option("--teacher", options_.teacher,
                   "Float model it was calibrated from (default: ../float/best.safetensors beside --weights)")
        ->group(kTrainingGroup);
    app.add_option("--scales", options_.scales,
                   "RepOptimizer's scales, where the float model was trained with them")
        ->group(kTrainingGroup);
    app.add_flag("--distill,!--no-distill", options_.distill, "Learn from the teacher (on)")
        ->group(kTrainingGroup);
    add_example(app,
                "yolov6q qat --weights ptq.safetensors --teacher float.safetensors --data data.yaml --out "
                "runs/x/qat");
  }

  void run(Console& console) override {
    read_recipe(recipe_, options_.training);
    stages::Run& run = run_.start(console);
    report_training(console, stages::qat(options_, run));
  }

 private:
  RunSetup run_;
  stages::QatOptions options_;
  fs::path recipe_;
};

}  // namespace

std::unique_ptr<Command> make_qat_command() { return std::make_unique<QatCommand>(); }

}  // namespace y6q::cli
