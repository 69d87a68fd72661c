#include "stages/train.h"

#include "base/errors.h"
#include "formats/provenance.h"
#include "models/yolov6.h"

namespace y6q::stages {
namespace {

models::Mode trainable_mode(const std::string& text) {
  const models::Mode mode = from_name<models::Mode>(text);
  if (mode == models::Mode::repvgg_deploy) {
    throw UnsupportedError(
        "--mode {}: is what merging leaves; repopt, hyper_search and repvgg can be trained", text);
  }
  return mode;
}

/// Scaled initialisation and gradient masks.
void apply_scales(TrainingRun& run, const TrainOptions& options) {
  if (options.mode != "repopt") {
    throw UsageError("--scales: RepOptimizer trains the single-branch network; use --mode repopt, not {}",
                     options.mode);
  }
  const auto scales = formats::read_scales(options.scales);
  run.training.masks = train::gradient_masks(run.training.start, scales);
  run.training.start = train::reinitialised(std::move(run.training.start), scales, run.recipe.seed);
  const std::string digest = sha256_of_file(options.scales);
  run.info.provenance["scales_sha256"] = digest;
  run.subject += " with scales " + digest;
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
  for (const char* written : {"best.safetensors", "last.safetensors"}) {
    check_not_an_input(options.out / written, {options.scales});
  }
  const TrainingSets sets = read_training_sets(options, monitor);
  const auto images = static_cast<int64_t>(sets.train.images.size());
  TrainingRun run;
  run.recipe = chosen_recipe(options, default_recipe(options.architecture, options.mode, images));
  run.info = {.architecture = options.architecture,
              .mode = options.mode,
              .class_names = sets.train.class_names,
              .image_size = options.image_size,
              .provenance = formats::provenance("train", {}, sets.train.sha256)};
  run.training.start = models::yolov6({.architecture = options.architecture,
                                       .mode = mode,
                                       .class_count = static_cast<int64_t>(sets.train.class_names.size()),
                                       .image_size = options.image_size,
                                       .seed = run.recipe.seed});
  run.subject = fmt::format("{} {} {}x{}", options.architecture, options.mode, options.image_size[0],
                            options.image_size[1]);
  if (!options.scales.empty()) {
    apply_scales(run, options);
  } else if (mode == models::Mode::repopt) {
    monitor.message(
        "train: mode repopt without scales is plain SGD on the single-branch network; for RepOptimizer train "
        "with "
        "--mode hyper_search first and give its best.safetensors as --scales");
  }
  return run_training(run, sets, options, monitor);
}

}  // namespace y6q::stages
