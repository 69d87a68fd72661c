#include "stages/training_run.h"

#include "base/errors.h"
#include "base/folder_lock.h"
#include "data/check_classes.h"
#include "data/loader.h"
#include "formats/provenance.h"
#include "infer/eager_runner.h"
#include "passes/pipeline.h"
#include "stages/evaluate.h"
#include "stages/training_log.h"

namespace y6q::stages {
namespace {

data::LoaderOptions loader_options(const TrainingRun& run, const TrainingRunOptions& options) {
  return {.batch_size = run.recipe.batch_size,
          .image_height = run.info.image_size[0],
          .image_width = run.info.image_size[1],
          .shuffle = true,
          .augment = true,
          .recipe = run.recipe.augment,
          .seed = run.recipe.seed,
          .workers = options.workers};
}

/// mAP of a model on the validation split, merged and folded as it will be deployed.
std::function<double(const ir::Model&)> evaluation_on(const data::Dataset& dataset, const TrainingRun& run,
                                                      const TrainingRunOptions& options,
                                                      const Monitor& monitor) {
  return [&](const ir::Model& model) {
    InnerMonitor inner(monitor);
    const auto runner = infer::open_eager(passes::deploy(run.finish(model)), {.threads = options.threads});
    const EvaluateOptions evaluate_options{
        .image_size = run.info.image_size, .workers = options.workers, .threads = options.threads};
    return evaluate(*runner, dataset, evaluate_options, inner).map();
  };
}

}  // namespace

TrainingSets read_training_sets(const TrainingRunOptions& options, Monitor& monitor) {
  const auto read = [&](const char* split) {
    return data::read_dataset(
        options.data, {.split = split, .skip_broken = options.skip_broken, .threads = options.threads},
        monitor);
  };
  TrainingSets sets{read("train"), read("val")};
  data::check_split(sets.train, "train", sets.train, options.data);
  data::check_split(sets.val, "val", sets.train, options.data);
  return sets;
}

train::TrainRecipe chosen_recipe(const TrainingRunOptions& options, const train::TrainRecipe& defaults) {
  train::TrainRecipe recipe = defaults;
  if (!options.recipe.empty()) {
    recipe = train::parse_train_recipe(options.recipe, options.recipe_origin, recipe);
  }
  recipe.epochs = options.epochs.value_or(recipe.epochs);
  recipe.batch_size = options.batch_size.value_or(recipe.batch_size);
  recipe.seed = options.seed.value_or(recipe.seed);
  return recipe;
}

TrainSummary run_training(const TrainingRun& run, const TrainingSets& sets, const TrainingRunOptions& options,
                          Monitor& monitor) {
  infer::set_torch_threads(options.threads);
  data::Loader loader(sets.train, loader_options(run, options));
  const fs::path state = options.out / "state.safetensors";
  if (options.resume && !fs::exists(state)) {
    throw InputError("{}: there is no training state to go on from; leave --resume out to start anew",
                     state.string());
  }
  if (!options.resume && fs::exists(state)) {
    throw UsageError(
        "{}: holds a training run; go on with --resume, choose another --out or remove the folder",
        options.out.string());
  }
  const FolderLock lock(options.out);
  train::TrainHooks hooks{
      .evaluate = evaluation_on(sets.val, run, options, monitor),
      .state_file = state,
      .history_csv = options.out / "history.csv",
      .subject = fmt::format("{} on {} and {}", run.subject, sets.train.sha256, sets.val.sha256),
      .resume = options.resume,
      .monitor = &monitor};
  TrainingLog log(options.out);
  log.attach(hooks);
  const train::TrainResult result = train::train(run.training, loader, run.recipe, hooks);
  write_file(options.out / "recipe.yaml", train::to_yaml(run.recipe));
  const auto write = [&](const ir::Model& model, const char* name) {
    formats::ModelFile file{run.finish(model), run.info};
    file.info.provenance["recipe"] = train::to_yaml(run.recipe);
    formats::write_model(options.out / name, file);
    return options.out / name;
  };
  return {write(result.best, "best.safetensors"),
          write(result.last, "last.safetensors"),
          result.best_map,
          result.best_epoch,
          result.history,
          sets.train.skipped + sets.val.skipped};
}

}  // namespace y6q::stages
