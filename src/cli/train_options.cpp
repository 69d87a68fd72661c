#include "cli/train_options.h"

#include "cli/options.h"
#include "models/yolov6.h"

namespace y6q::cli {

void add_train_options(CLI::App& app, stages::TrainOptions& options) {
  add_data(app, options.data);
  app.add_option("--model", options.architecture, "Network")
      ->check(CLI::IsMember(models::architectures()))
      ->capture_default_str();
  app.add_option("--mode", options.mode, "Blocks: repopt, hyper_search or repvgg")
      ->check(CLI::IsMember({"repopt", "hyper_search", "repvgg"}))
      ->capture_default_str();
  add_image_size(app, options.image_size);
  app.add_option("--epochs", options.epochs, "Instead of the recipe's")
      ->check(CLI::Range(int64_t{1}, int64_t{100000}));
  app.add_option("--batch-size", options.batch_size, "Instead of the recipe's")
      ->check(CLI::Range(int64_t{1}, int64_t{4096}));
  app.add_option("--seed", options.seed, "Instead of the recipe's");
  add_workers(app, options.workers);
  add_threads(app, options.threads);
  add_device(app);
  add_skip_broken(app, options.skip_broken);
}

}  // namespace y6q::cli
