#include "stages/training_run.h"

#include "base/errors.h"
#include "base/folder_lock.h"
#include "data/loader.h"
#include "dist/place.h"
#include "infer/eager_runner.h"
#include "passes/deploy.h"
#include "stages/batch_fit.h"
#include "stages/doctor.h"
#include "stages/evaluate.h"
#include "stages/training_log.h"

namespace y6q::stages {
namespace {

data::LoaderOptions loader_options(const TrainingPlan& plan, const Run& run) {
  return {.batch_size = plan.recipe.batch_size,
          .image_height = plan.info.image_size[0],
          .image_width = plan.info.image_size[1],
          .shuffle = true,
          .augment = true,
          .recipe = plan.recipe.augment,
          .seed = plan.recipe.seed,
          .workers = run.workers(),
          .part = run.group().rank(),
          .parts = run.group().size()};
}

/// mAP of a model on the validation split, merged and folded as it will be deployed.
std::function<double(const ir::Model&)> evaluation_on(const data::Dataset& dataset, const TrainingPlan& plan,
                                                      const Run& run) {
  return [&](const ir::Model& model) {
    InnerMonitor inner(run.monitor());
    const auto runner = infer::open_eager(passes::deploy(plan.finish(model)),
                                          {.threads = run.threads(), .device = run.device()});
    return evaluate(*runner, dataset, {.image_size = plan.info.image_size}, run, inner).map();
  };
}

/// map: on the validation split, where it was measured.
formats::ModelFile file_of(const TrainingPlan& plan, const ir::Model& model, std::optional<double> map = {}) {
  formats::ModelFile file{plan.finish(model), plan.info};
  file.info.provenance["recipe"] = train::to_yaml(plan.recipe);
  if (map) file.info.provenance["val_map"] = fmt::format("{:.4f}", *map);
  return file;
}

/// The state has weights, momentum, averages and the best weights; two model files come at the end, and a
/// file is complete beside its predecessor before it takes its place.
void check_disk(const TrainingPlan& plan, const fs::path& out) {
  constexpr uint64_t kCopies = 4 + 4 + 2;
  uint64_t bytes = 0;
  for (const auto& [name, array] : plan.training.start.weights) bytes += 4 * array.floats().size();
  std::error_code error;
  const fs::space_info space = fs::space(out, error);
  if (error || space.available >= kCopies * bytes) return;
  throw EnvironmentError(
      "{}: the disk has {} MiB left, the training state and the models need {} MiB; free some or choose "
      "another --out",
      out.string(), space.available >> 20, kCopies * bytes >> 20);
}

/// Chooses the batch of the plan's recipe, and says what decided it.
void fit_batch(TrainingPlan& plan, int64_t images, const Run& run) {
  const StepMemory memory = step_memory(plan, run);
  const auto free = static_cast<double>(this_machine(".").free_memory), budget = kBatchMemoryShare * free;
  plan.recipe.batch_size = fitting_batch(memory, budget, images);
  const int64_t held = fitting_batch(memory, budget, kLeastSteps * train::kLargestBatch);
  constexpr double kMebi = 1 << 20;
  run.monitor().message(fmt::format(
      "train: batch size {}, {}; {:.0f} % of {:.0f} free MiB hold {} (a step takes {:.0f} MiB and {:.1f} MiB "
      "an image)",
      plan.recipe.batch_size,
      plan.recipe.batch_size < held
          ? fmt::format("so that an epoch of {} images has {} steps", images,
                        (images + plan.recipe.batch_size - 1) / plan.recipe.batch_size)
          : "as many as the memory holds",
      100 * kBatchMemoryShare, free / kMebi, held, memory.fixed / kMebi, memory.per_image / kMebi));
}

fs::path state_file(const TrainingOptions& options) { return options.out / "state.safetensors"; }

bool goes_on(const TrainingOptions& options) {
  return options.resume || (fs::exists(state_file(options)) && dist::restarts_of_job() > 0);
}

}  // namespace

train::TrainRecipe chosen_recipe(const TrainingOptions& options, const Run& run,
                                 const train::TrainRecipe& defaults) {
  train::TrainRecipe recipe = defaults;
  if (!options.recipe.empty()) {
    recipe = train::parse_train_recipe(options.recipe, options.recipe_origin, recipe);
  }
  recipe.epochs = options.epochs.value_or(recipe.epochs);
  recipe.batch_size = options.batch_size.value_or(recipe.batch_size);
  recipe.seed = run.options().seed.value_or(recipe.seed);
  return recipe;
}

void refuse_early(const TrainingOptions& options) {
  if (options.fit_batch && (goes_on(options) || dist::restarts_of_job() > 0)) {
    throw UsageError(
        "--batch-size auto: would measure anew, and a run goes on with the batch that it began with; give "
        "that number");
  }
  if (!options.recipe.empty()) train::parse_train_recipe(options.recipe, options.recipe_origin);
  const fs::path state = state_file(options);
  const bool exists = fs::exists(state);
  if (options.resume && !exists) {
    throw InputError("{}: there is no training state to go on from; leave --resume out to start anew",
                     state.string());
  }
  if (exists && !goes_on(options)) {
    throw UsageError(
        "{}: holds a training run; go on with --resume, choose another --out or remove the folder",
        options.out.string());
  }
}

TrainSummary run_training(const TrainingPlan& given, const TrainingOptions& options, Run& run) {
  refuse_early(options);
  const data::Dataset &train_set = given.recipe.labels ? run.labelled("train") : run.data("train"),
                      &val_set = run.labelled("val");
  infer::set_torch_threads(run.threads());
  TrainingPlan plan = given;
  if (options.fit_batch) fit_batch(plan, std::ssize(train_set.images), run);
  data::Loader loader(train_set, loader_options(plan, run));
  const bool writes = run.group().is_first();
  std::optional<FolderLock> lock;
  formats::check_info(file_of(plan, plan.training.start).info);
  if (writes) {
    lock.emplace(options.out);
    check_disk(plan, options.out);
  }
  train::TrainContext context{
      .evaluate = evaluation_on(val_set, plan, run),
      .state_file = state_file(options),
      .history_csv = options.out / "history.csv",
      .subject = fmt::format("{} on {} and {}", plan.subject, train_set.sha256, val_set.sha256),
      .resume = goes_on(options),
      .monitor = &run.monitor(),
      .group = &run.group(),
      .device = run.device()};
  TrainingLog log(options.out);
  if (writes) log.attach(context);
  run.require_same("recipe, networks or scales",
                   fmt::format("{}{}", context.subject, train::to_yaml(plan.recipe)));
  const train::TrainResult result = train::train(plan.training, loader, plan.recipe, context);
  const fs::path best = options.out / "best.safetensors", last = options.out / "last.safetensors";
  if (writes) {
    write_file(options.out / "recipe.yaml", train::to_yaml(plan.recipe));
    const bool measured = result.best_map >= 0;
    formats::write_model(
        best, file_of(plan, result.best, measured ? std::optional(result.best_map) : std::nullopt));
    formats::write_model(
        last, file_of(plan, result.last, result.history.empty() ? std::nullopt : result.history.back().map));
  }
  run.group().meet();
  return {best, last, result.best_map, result.best_epoch, result.history, run.skipped()};
}

}  // namespace y6q::stages
