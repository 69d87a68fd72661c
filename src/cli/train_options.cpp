#include "cli/train_options.h"

#include <fmt/ranges.h>

#include "base/files.h"
#include "cli/options.h"
#include "models/yolov6.h"

namespace y6q::cli {

void add_network_options(CLI::App& app, stages::TrainOptions& options) {
  app.add_option("--model", options.architecture, "Network")
      ->check(CLI::IsMember(models::architectures()))
      ->capture_default_str()
      ->group(kModelGroup);
  const std::vector<std::string> modes = models::trainable_modes();
  app.add_option("--mode", options.mode, fmt::format("Blocks: {}", fmt::join(modes, ", ")))
      ->check(CLI::IsMember(modes))
      ->capture_default_str()
      ->group(kModelGroup);
  add_image_size(app, options.image_size);
}

void add_epochs_and_batch_size(CLI::App& app, stages::TrainingOptions& options) {
  app.add_option("--epochs", options.epochs, "Number of epochs (default: the recipe's)")
      ->check(CLI::Range(int64_t{1}, train::kMostEpochs))
      ->group(kTrainingGroup);
  app.add_option("--batch-size", options.batch_size, "Images in a batch (default: the recipe's)")
      ->check(CLI::Range(int64_t{1}, train::kLargestBatch))
      ->group(kDataGroup);
}

void add_fitting_batch_size(CLI::App& app, stages::TrainingOptions& options) {
  app.get_option("--batch-size")
      ->description("Images in a batch (default: the recipe's); auto: what the free memory holds")
      ->transform(
          [&options](const std::string& text) -> std::string {
            options.fit_batch = text == "auto";
            return options.fit_batch ? "8" : text;
          },
          "", "");
}

void add_recipe_and_resume(CLI::App& app, stages::TrainingOptions& options, std::filesystem::path& recipe) {
  add_out(app, options.out, "Folder for best.safetensors, last.safetensors, the training state and curves");
  app.add_option("--recipe", recipe, "YAML file with training settings; without it they suit the set's size")
      ->group(kTrainingGroup);
  app.add_flag("--resume", options.resume, "Go on from the training state in --out")->group(kTrainingGroup);
}

void read_recipe(const std::filesystem::path& recipe, stages::TrainingOptions& options) {
  if (recipe.empty()) return;
  options.recipe = read_file(recipe, 1 << 20);
  options.recipe_origin = recipe.string();
}

}  // namespace y6q::cli
