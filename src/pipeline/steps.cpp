#include "pipeline/steps.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "models/yolov6.h"
#include "passes/deploy.h"
#include "passes/insert_quantizers.h"
#include "stages/qat.h"

namespace y6q::pipeline {

namespace {

/// Names that calibration would refuse after hours of training.
void check_layers(const PipelineOptions& options) {
  if (options.calibrate.keep_float.empty()) return;
  const ir::Model model = models::yolov6({.architecture = options.train.architecture,
                                          .mode = from_name<models::Mode>(options.train.mode),
                                          .image_size = options.train.image_size});
  passes::insert_quantizers(passes::deploy(model), {.keep_float = options.calibrate.keep_float});
}

}  // namespace

Premises premises_of(const PipelineOptions& options, stages::Run& run) {
  check_layers(options);
  const data::Dataset& train_set = run.labelled("train");
  return {.train = train_set.sha256,
          .val = run.labelled("val").sha256,
          .measured = run.labelled(options.split).sha256,
          .train_images = std::ssize(train_set.images)};
}

train::TrainRecipe Context::float_recipe(const std::string& mode, const std::string& text) const {
  stages::TrainingOptions training = options.train.training;
  training.recipe = text;
  return stages::chosen_recipe(
      training, run, stages::default_recipe(options.train.architecture, mode, premises.train_images));
}

train::TrainRecipe Context::qat_recipe() const {
  stages::TrainingOptions training = options.train.training;
  training.recipe = options.qat_recipe;
  training.epochs.reset();  // those of --epochs are the float network's
  return stages::chosen_recipe(training, run,
                               stages::default_qat_recipe(options.train.architecture, premises.train_images));
}

std::string Context::inside(const fs::path& path) const {
  return shell_word(path.lexically_relative(options.train.training.out).string());
}

std::string Context::data_arguments() const {
  const data::DatasetOptions& reading = run.options().reading;
  std::string text = "--data " + shell_word(fs::absolute(run.options().data).string());
  if (!reading.classes.empty())
    text += " --classes " + shell_word(fmt::format("{}", fmt::join(reading.classes, ",")));
  if (reading.keep_difficult) text += " --keep-difficult";
  if (reading.skip_broken) text += " --skip-broken";
  return text;
}

std::string Context::engine_argument() const {
  const engine::Kind kind = run.options().engine;
  return kind == engine::kDefaultKind ? "" : fmt::format(" --engine {}", name_of(kind));
}

std::vector<Measured> Context::measured() const {
  const train::TrainRecipe recipe = float_recipe(network.train.mode, network.train.training.recipe);
  return network.measured(run.options().engine,
                          (recipe.epochs + recipe.eval_interval - 1) / recipe.eval_interval);
}

std::vector<Step> steps_of(const PipelineOptions& options, std::span<const Network> networks,
                           const Premises& premises, const stages::Run& run) {
  std::vector<Step> steps;
  for (const Network& network : networks) {
    const Context context{options, network, premises, run};
    for (auto* list : {&making_steps, &measuring_steps})
      std::ranges::move(list(context), std::back_inserter(steps));
  }
  std::ranges::stable_sort(
      steps, {}, [](const Step& step) { return std::ranges::find(kPhases, step.phase) - kPhases.begin(); });
  return steps;
}

}  // namespace y6q::pipeline
