#include "stages/train.h"

#include <fmt/core.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/train_options.h"

namespace y6q::cli {
namespace {

class TrainCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    add_train_options(app, options_);
    add_out(app, options_.out,
            "Folder for best.safetensors, last.safetensors, the training state and history.csv");
    app.add_option("--recipe", recipe_,
                   "YAML file with training settings; without it they suit the set's size");
    app.add_option("--scales", options_.scales,
                   "RepOptimizer for --mode repopt: a scales file, or the model of --mode hyper_search");
    app.add_flag("--resume", options_.resume, "Go on from the training state in --out");
    add_example(
        app,
        "yolov6q train --data data.yaml --model yolov6n --mode repvgg --img-size 320 --out runs/x/float");
  }

  void run(Console& console) override {
    if (!recipe_.empty()) {
      options_.recipe = read_file(recipe_, 1 << 20);
      options_.recipe_origin = recipe_.string();
    }
    const stages::TrainSummary result = stages::train(options_, console.monitor());
    nlohmann::json epochs = nlohmann::json::array();
    for (const auto& row : result.history) {
      nlohmann::json entry{
          {"epoch", row.epoch},       {"loss_classes", row.loss_classes}, {"loss_iou", row.loss_iou},
          {"loss_dfl", row.loss_dfl}, {"loss_distill", row.loss_distill}, {"images_per_s", row.images_per_s}};
      if (row.map) entry["map"] = *row.map;
      epochs.push_back(std::move(entry));
    }
    console.result(fmt::format("best: {} (mAP {:.2f} after epoch {})\nlast: {}\n", result.best.string(),
                               100 * result.best_map, result.best_epoch + 1, result.last.string()),
                   {{"best", result.best.string()},
                    {"last", result.last.string()},
                    {"best_map", result.best_map},
                    {"best_epoch", result.best_epoch},
                    {"epochs", epochs}});
  }

 private:
  stages::TrainOptions options_;
  fs::path recipe_;
};

}  // namespace

std::unique_ptr<Command> make_train_command() { return std::make_unique<TrainCommand>(); }

}  // namespace y6q::cli
