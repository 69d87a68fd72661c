#include "stages/qat.h"

#include "base/errors.h"
#include "checkpoint/convert.h"
#include "data/check_classes.h"
#include "formats/provenance.h"
#include "infer/eager_runner.h"
#include "passes/deploy.h"
#include "passes/fold_batch_norm.h"
#include "passes/insert_batch_norm.h"
#include "passes/refresh_ranges.h"
#include "ptq/moments.h"
#include "stages/step_masks.h"
#include "stages/train.h"

namespace y6q::stages {
namespace {

/// The results of all convolutions of these are in memory at once.
constexpr int64_t kImagesAtOnce = 4, kImagesForMoments = 128;

std::string entry(const formats::ModelInfo& info, const char* key) {
  const auto found = info.provenance.find(key);
  return found == info.provenance.end() ? "" : found->second;
}

/// The model file of that digest beside `weights`, in the folder above, or in one below that; empty: none.
fs::path find_by_digest(const fs::path& weights, const std::string& digest) {
  constexpr size_t kMostFiles = 100;
  const fs::path above = fs::absolute(weights).parent_path().parent_path();
  size_t looked_at = 0;
  std::error_code error;
  for (auto entry = fs::recursive_directory_iterator(above, error);
       !error && entry != fs::recursive_directory_iterator() && looked_at < kMostFiles;
       entry.increment(error)) {
    if (entry.depth() >= 1) entry.disable_recursion_pending();
    if (!entry->is_regular_file(error) || entry->path().extension() != ".safetensors" ||
        entry->path().filename() == "state.safetensors")
      continue;
    ++looked_at;
    if (sha256_of_file(entry->path()) == digest) return entry->path();
  }
  return {};
}

/// The float model: as given, where `pipeline` puts it, or the file near by that calibration noted. Throws
/// when it is not the one `student` came from.
fs::path float_parent(const QatOptions& options, const formats::ModelInfo& student) {
  const std::string wanted = entry(student, "parent_sha256");
  const fs::path path = options.teacher.empty()
                            ? options.weights.parent_path() / ".." / "float" / "best.safetensors"
                            : options.teacher;
  if (options.teacher.empty() && (!fs::exists(path) || sha256_of_file(path) != wanted)) {
    if (const fs::path found = find_by_digest(options.weights, wanted); !found.empty()) return found;
  }
  if (options.teacher.empty() && !fs::exists(path)) {
    throw UsageError("qat: give --teacher, the float model that {} was calibrated from",
                     options.weights.string());
  }
  const std::string found = sha256_of_file(path);
  // Both converted from one calibrated checkpoint of the reference: its ranges and its float network.
  const bool one_checkpoint =
      entry(student, "step") == "convert" && found != wanted &&
      entry(checkpoint::read_network({.weights = path}).info, "parent_sha256") == wanted;
  if (!wanted.empty() && found != wanted && !one_checkpoint) {
    throw InputError(
        "qat: {} has the digest {}, but {} was calibrated from {}; give its float model as --teacher",
        path.string(), found, options.weights.string(), wanted);
  }
  return path;
}

/// Distillation compares the maps of the neck. Networks of other programs may have other shapes.
void require_taps(const ir::Model& model, const fs::path& file) {
  for (const char* name : {"feat0", "feat1", "feat2"}) {
    if (model.graph.find_output(name)) continue;
    throw InputError("{}: has no output '{}', a map of the neck that distillation compares; use --no-distill",
                     file.string(), name);
  }
}

}  // namespace

train::TrainRecipe default_qat_recipe(const std::string& architecture, int64_t train_images) {
  train::TrainRecipe recipe = default_recipe(architecture, "repopt", train_images);
  recipe.epochs = 10;
  recipe.lr0 = 0.001;
  recipe.lrf = 0.01;
  recipe.weight_decay = 5e-5;
  recipe.warmup_epochs = 1;
  recipe.warmup_min_iterations = 0;
  recipe.warmup_bias_lr = 0;
  recipe.atss_warmup_epochs = 0;  // the network knows its objects already
  recipe.eval_interval = 1;
  recipe.augment = data::without_strong(recipe.augment);
  return recipe;
}

TrainSummary qat(const QatOptions& options, Run& run) {
  for (const char* written : {"best.safetensors", "last.safetensors"}) {
    check_not_an_input(options.training.out / written, {options.weights, options.teacher, options.scales});
  }
  const formats::ModelFile student = checkpoint::read_network({.weights = options.weights});
  if (student.info.scheme.empty()) {
    throw InputError("{}: has no quantizers; run calibrate first", options.weights.string());
  }
  const fs::path parent_path = float_parent(options, student.info);
  const formats::ModelFile parent = checkpoint::read_network({.weights = parent_path, .float_only = true});
  if (options.distill) {
    require_taps(student.model, options.weights);
    require_taps(parent.model, parent_path);
  }
  refuse_early(options.training);
  const data::Dataset& train_set = run.data("train");
  data::check_classes(student.info.class_names, options.weights, train_set.class_names, run.options().data);
  infer::set_torch_threads(run.threads());
  TrainingPlan plan;
  plan.recipe = chosen_recipe(
      options.training, run,
      default_qat_recipe(student.info.architecture, static_cast<int64_t>(train_set.images.size())));
  if (plan.recipe.labels) run.labelled("train");  // mistakes end it before the network looks at images
  run.labelled("val");
  plan.info = student.info;
  for (auto& [key, value] : formats::provenance("qat", options.weights, train_set.sha256))
    plan.info.provenance[key] = value;
  plan.info.provenance["teacher_sha256"] = options.distill ? sha256_of_file(parent_path) : "";
  plan.training.start = passes::insert_batch_norm(
      student.model, ptq::convolution_moments(student.model, train_set,
                                              {.image_size = student.info.image_size,
                                               .count = kImagesForMoments,
                                               .batch_size = kImagesAtOnce,
                                               .workers = run.workers(),
                                               .device = run.device()},
                                              run.monitor(), run.group()));
  if (options.distill) plan.training.teacher = passes::deploy(parent.model);
  plan.training.masks = step_masks(
      parent.model, student.model,
      options.scales.empty() ? std::vector<formats::BlockScales>() : formats::read_scales(options.scales));
  plan.subject = fmt::format("qat of {} with teacher '{}' and scales '{}'", sha256_of_file(options.weights),
                             plan.info.provenance["teacher_sha256"],
                             options.scales.empty() ? "" : sha256_of_file(options.scales));
  plan.finish = [](const ir::Model& model) { return passes::refresh_ranges(passes::fold_batch_norm(model)); };
  return run_training(plan, options.training, run);
}

}  // namespace y6q::stages
