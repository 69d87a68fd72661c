#include "stages/train.h"

#include <fmt/ranges.h>

#include "base/errors.h"
#include "formats/provenance.h"
#include "models/yolov6.h"
#include "stages/fine_tuning.h"

namespace y6q::stages {
namespace {

models::Mode trainable_mode(const std::string& text) {
  const models::Mode mode = from_name<models::Mode>(text);
  if (mode == models::Mode::repvgg_deploy) {
    throw UnsupportedError("--mode {}: is what merging leaves; {} can be trained", text,
                           fmt::join(models::trainable_modes(), ", "));
  }
  return mode;
}

/// Empty: none were given.
std::vector<formats::BlockScales> scales_of(const TrainOptions& options) {
  if (options.scales.empty()) return {};
  if (options.mode != "repopt") {
    throw UsageError("--scales: RepOptimizer trains the single-branch network; use --mode repopt, not {}",
                     options.mode);
  }
  return formats::read_scales(options.scales);
}

/// Gradient masks, and from scratch the scaled initialisation.
void apply_scales(const std::vector<formats::BlockScales>& scales, const TrainOptions& options,
                  TrainingPlan& plan) {
  plan.training.masks = train::gradient_masks(plan.training.start, scales);
  if (options.weights.empty())
    plan.training.start = train::reinitialised(std::move(plan.training.start), scales, plan.recipe.seed);
  const std::string digest = sha256_of_file(options.scales);
  plan.info.provenance["scales_sha256"] = digest;
  plan.subject += " with scales " + digest;
}

/// What is not asked for is the network's own.
void take_form_of(const formats::ModelInfo& info, TrainOptions& options) {
  const auto settle = [&](const char* option, std::string& asked, const std::string& own) {
    if (!asked.empty() && asked != own) {
      throw UsageError("{} {}: {} is {}; leave the option out", option, asked, options.weights.string(), own);
    }
    asked = own;
  };
  settle("--model", options.architecture, info.architecture);
  settle("--mode", options.mode, info.mode);
}

void go_on_from(const formats::ModelFile& start, const TrainOptions& options, TrainingPlan& plan,
                Monitor& monitor) {
  formats::ModelFile network{std::move(plan.training.start), plan.info};
  const TakenOver taken = take_over(start, network);
  plan.training.start = std::move(network.model);
  const std::string digest = sha256_of_file(options.weights);
  plan.info.provenance["parent_sha256"] = digest;
  plan.subject += " from " + digest;
  monitor.message(fmt::format(
      "train: {} tensors from {}{}{}", taken.tensors, options.weights.string(),
      taken.known.empty() ? "" : fmt::format("; classes that go on: {}", fmt::join(taken.known, ", ")),
      taken.beginning.empty() ? "" : fmt::format("; that begin anew: {}", fmt::join(taken.beginning, ", "))));
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

TrainSummary train(const TrainOptions& given, Run& run) {
  TrainOptions options = given;
  std::optional<formats::ModelFile> start;
  if (!options.weights.empty()) {
    start = read_trained(options.weights);
    take_form_of(start->info, options);
  }
  const models::Mode mode = trainable_mode(options.mode);
  for (const char* written : {"best.safetensors", "last.safetensors"}) {
    check_not_an_input(options.training.out / written, {options.scales, options.weights});
  }
  const std::vector<formats::BlockScales> scales = scales_of(options);
  if (options.scales.empty() && mode == models::Mode::repopt) {
    run.monitor().message(
        "train: mode repopt without scales is plain SGD on the single-branch network; for RepOptimizer train "
        "with --mode hyper_search first and give its best.safetensors as --scales");
  }
  refuse_early(options.training);
  const data::Dataset& train_set = run.labelled("train");
  const auto images = static_cast<int64_t>(train_set.images.size());
  TrainingPlan plan;
  plan.recipe =
      chosen_recipe(options.training, run, default_recipe(options.architecture, options.mode, images));
  plan.info = {.architecture = options.architecture,
               .mode = options.mode,
               .class_names = train_set.class_names,
               .image_size = options.image_size,
               .provenance = formats::provenance("train", {}, train_set.sha256)};
  plan.training.start = models::yolov6({.architecture = options.architecture,
                                        .mode = mode,
                                        .class_count = static_cast<int64_t>(train_set.class_names.size()),
                                        .image_size = options.image_size,
                                        .seed = plan.recipe.seed});
  plan.subject = fmt::format("{} {} {}x{}", options.architecture, options.mode, options.image_size[0],
                             options.image_size[1]);
  if (start) go_on_from(*start, options, plan, run.monitor());
  if (!options.scales.empty()) apply_scales(scales, options, plan);
  return run_training(plan, options.training, run);
}

}  // namespace y6q::stages
