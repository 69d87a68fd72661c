#include "stages/train.h"

#include "base/errors.h"
#include "data/loader.h"
#include "formats/model_file.h"
#include "models/yolov6.h"
#include "passes/pipeline.h"
#include "stages/eager_runner.h"
#include "stages/evaluate.h"
#include "stages/provenance.h"
#include "train/loop.h"

namespace y6q::stages {
namespace {

train::TrainRecipe recipe_for(const TrainOptions& options, int64_t train_images) {
  train::TrainRecipe recipe = default_recipe(options.architecture, options.mode, train_images);
  if (!options.recipe.empty()) {
    recipe = train::parse_train_recipe(options.recipe, options.recipe_origin, recipe);
  }
  recipe.epochs = options.epochs.value_or(recipe.epochs);
  recipe.batch_size = options.batch_size.value_or(recipe.batch_size);
  recipe.seed = options.seed.value_or(recipe.seed);
  return recipe;
}

data::DatasetOptions dataset_options(const TrainOptions& options, const std::string& split) {
  return {.split = split, .skip_broken = options.skip_broken, .threads = options.threads};
}

models::Mode trainable_mode(const std::string& text) {
  const models::Mode mode = models::parse_mode(text);
  if (mode == models::Mode::repvgg_deploy) {
    throw UnsupportedError(
        "--mode {}: is what merging leaves; repopt, hyper_search and repvgg can be trained", text);
  }
  return mode;
}

data::LoaderOptions loader_options(const TrainOptions& options, const train::TrainRecipe& recipe) {
  return {.batch_size = recipe.batch_size,
          .image_height = options.image_size[0],
          .image_width = options.image_size[1],
          .shuffle = true,
          .augment = true,
          .recipe = recipe.augment,
          .seed = recipe.seed,
          .workers = options.workers};
}

/// mAP of a model on the validation split, merged and folded as it will be deployed.
std::function<double(const ir::Model&)> evaluation_on(const data::Dataset& dataset,
                                                      const TrainOptions& options) {
  return [&dataset, &options](const ir::Model& model) {
    const auto runner = open_eager(passes::deploy(model), {.threads = options.threads});
    const EvaluateOptions evaluate_options{
        .image_size = options.image_size, .workers = options.workers, .threads = options.threads};
    return evaluate(*runner, dataset, evaluate_options, silent_monitor()).map();
  };
}

}  // namespace

train::TrainRecipe default_recipe(const std::string& architecture, const std::string& mode,
                                  int64_t train_images) {
  train::TrainRecipe recipe;
  const bool is_s = architecture == "yolov6s";
  recipe.iou_type = is_s ? "giou" : "siou";
  recipe.lr0 = architecture == "yolov6n" ? 0.02 : 0.01;
  // Only the plain optimizer scales the rate with the batch; RepOptimizer does not (spec/02 §7).
  recipe.reference_batch = mode == "repopt" ? 0 : 32;
  if (train_images < kSmallSet) {
    recipe.epochs = 60;
    recipe.batch_size = 16;
    recipe.warmup_min_iterations = 100;
    recipe.nominal_batch = 0;
  }
  return recipe;
}

TrainSummary train(const TrainOptions& options, Monitor& monitor) {
  const models::Mode mode = trainable_mode(options.mode);
  const data::Dataset train_set =
      data::read_dataset(options.data, dataset_options(options, "train"), monitor);
  const data::Dataset val_set = data::read_dataset(options.data, dataset_options(options, "val"), monitor);
  check_split(train_set, "train", train_set, options.data);
  check_split(val_set, "val", train_set, options.data);
  const train::TrainRecipe recipe = recipe_for(options, static_cast<int64_t>(train_set.images.size()));
  const formats::ModelInfo info{.architecture = options.architecture,
                                .mode = options.mode,
                                .class_names = train_set.class_names,
                                .image_size = options.image_size,
                                .provenance = provenance("train", {}, train_set.sha256)};
  const ir::Model start = models::yolov6({.architecture = options.architecture,
                                          .mode = mode,
                                          .class_count = static_cast<int64_t>(train_set.class_names.size()),
                                          .image_size = options.image_size,
                                          .seed = recipe.seed});
  set_torch_threads(options.threads);
  data::Loader loader(train_set, loader_options(options, recipe));
  const fs::path state = options.out / "state.safetensors";
  if (options.resume && !fs::exists(state)) {
    throw InputError("{}: there is no training state to go on from; leave --resume out to start anew",
                     state.string());
  }
  const train::TrainHooks hooks{
      .evaluate = evaluation_on(val_set, options),
      .state_file = state,
      .history_csv = options.out / "history.csv",
      .subject = fmt::format("{} {} {}x{} on {} and {}", options.architecture, options.mode,
                             options.image_size[0], options.image_size[1], train_set.sha256, val_set.sha256),
      .resume = options.resume,
      .monitor = &monitor};
  const train::TrainResult result = train::train(start, loader, recipe, hooks);
  write_file(options.out / "recipe.yaml", train::to_yaml(recipe));
  auto write = [&](const ir::Model& model, const char* name) {
    formats::ModelFile file{model, info};
    file.info.provenance["recipe"] = train::to_yaml(recipe);
    formats::write_model(options.out / name, file);
    return options.out / name;
  };
  return {write(result.best, "best.safetensors"), write(result.last, "last.safetensors"), result.best_map,
          result.best_epoch, result.history};
}

}  // namespace y6q::stages
