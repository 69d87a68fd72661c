#include "train/recipe.h"

#include <algorithm>
#include <map>
#include <sstream>

#include "data/yaml_fields.h"

namespace y6q::train {
using data::YamlEntry;
using data::YamlReader;

const std::vector<Field<TrainRecipe>>& recipe_fields() {
  constexpr double kMany = 1e9;
  static const std::vector<Field<TrainRecipe>> kFields{
      number_field("epochs", &TrainRecipe::epochs, 1, kMostEpochs, "Epochs"),
      number_field("batch_size", &TrainRecipe::batch_size, 1, kLargestBatch, "Images a batch"),
      number_field("lr0", &TrainRecipe::lr0, 0, 100, "First learning rate"),
      number_field("lrf", &TrainRecipe::lrf, 0, 1, "Last learning rate, as a share of the first"),
      number_field("momentum", &TrainRecipe::momentum, 1e-6, 0.999999, "Momentum of SGD"),
      number_field("weight_decay", &TrainRecipe::weight_decay, 0, 0.999999, "Weight decay"),
      number_field("warmup_epochs", &TrainRecipe::warmup_epochs, 0, 1e5, "Epochs of warm-up"),
      number_field("warmup_min_iterations", &TrainRecipe::warmup_min_iterations, 0, kMany,
                   "Iterations of warm-up at least"),
      number_field("warmup_momentum", &TrainRecipe::warmup_momentum, 0, 0.999999, "Momentum at the start"),
      number_field("warmup_bias_lr", &TrainRecipe::warmup_bias_lr, 0, 100, "Rate of the biases at the start"),
      number_field("nominal_batch", &TrainRecipe::nominal_batch, 0, kMany,
                   "Images that gradients are accumulated over; 0: a step each iteration"),
      number_field("reference_batch", &TrainRecipe::reference_batch, 0, kMany,
                   "Batch size that lr0 is meant for; 0: lr0 as it is"),
      word_field("iou_type", &TrainRecipe::iou_type, {"giou", "diou", "ciou", "siou"}, "IoU loss"),
      number_field("atss_warmup_epochs", &TrainRecipe::atss_warmup_epochs, 0, kMany,
                   "Epochs assigned by ATSS, before TAL"),
      number_field("stop_strong_last_epochs", &TrainRecipe::stop_strong_last_epochs, 0, kMany,
                   "Last epochs, without mosaic and mixup"),
      number_field("eval_interval", &TrainRecipe::eval_interval, 1, kMany, "Epochs between evaluations"),
      number_field("patience", &TrainRecipe::patience, 0, kMany,
                   "Epochs without a better mAP after which the run ends; 0: never"),
      words_field("freeze", &TrainRecipe::freeze, "_.*?-",
                  "a pattern of parameters' names such as backbone.*", "Parameters that do not learn"),
      number_field("distill_feature_weight", &TrainRecipe::distill_feature_weight, 0, 1e6,
                   "Weight of channel-wise distillation"),
      number_field("distill_class_weight", &TrainRecipe::distill_class_weight, 0, 1e6,
                   "Weight of class distillation"),
      number_field("distill_temperature", &TrainRecipe::distill_temperature, 0.01, 1e6,
                   "Temperature of class distillation"),
      truth_field("sync_bn", &TrainRecipe::sync_bn, "Batch statistics over the images of all processes"),
      truth_field("labels", &TrainRecipe::labels,
                  "Learn the labels of the data set; without, what the teacher detects"),
      truth_field("learn_ranges", &TrainRecipe::learn_ranges,
                  "Ranges of quantized activations learn, too (LSQ)"),
      number_field("correction_epochs", &TrainRecipe::correction_epochs, 0, kMostEpochs,
                   "Last epochs, in which only gains, biases and ranges learn"),
      truth_field("ema", &TrainRecipe::ema, "Average the weights"),
      word_field("bf16", &TrainRecipe::bf16, {"auto", "on", "off"}, "Train in BF16"),
      number_field("seed", &TrainRecipe::seed, 0, 18446744073709551615.0, "Seed of all random draws"),
  };
  return kFields;
}

TrainRecipe parse_train_recipe(const YamlEntry& map, const std::string& origin, const TrainRecipe& defaults) {
  const YamlReader reader("recipe: " + origin);
  TrainRecipe recipe = defaults;
  if (map.value.IsNull()) return recipe;
  for (const YamlEntry& entry : reader.entries(map, "settings")) {
    if (entry.name == "augment") {
      data::set_fields(data::augment_fields(), reader, entry, recipe.augment);
    } else if (!data::set_field(recipe_fields(), reader, entry, recipe)) {
      reader.refuse_key(entry, data::names_of(recipe_fields()) + ", augment");
    }
  }
  return recipe;
}

TrainRecipe parse_train_recipe(const std::string& yaml, const std::string& origin,
                               const TrainRecipe& defaults) {
  return parse_train_recipe(YamlReader("recipe: " + origin).load(yaml), origin, defaults);
}

std::string to_yaml(const TrainRecipe& recipe) {
  std::string text;
  for (const auto& field : recipe_fields()) {
    const char* quote = field.kind == Field<TrainRecipe>::Kind::list ? "'" : "";
    text += fmt::format("{}: {}{}{}\n", field.name, quote, field.text(recipe), quote);
  }
  text += "augment:\n";
  for (const auto& field : data::augment_fields()) {
    text += fmt::format("  {}: {}\n", field.name, field.text(recipe.augment));
  }
  return text;
}

std::vector<std::string> differences(const std::string& before, const std::string& now) {
  const auto values_of = [](const std::string& yaml) {
    std::map<std::string, std::string> values;
    std::istringstream lines(yaml);
    for (std::string line; std::getline(lines, line);) {
      const size_t colon = line.find(": ");
      if (line.starts_with('#') || colon == std::string::npos) continue;
      values[line.substr(line.find_first_not_of(' '), colon - line.find_first_not_of(' '))] =
          line.substr(colon + 2);
    }
    return values;
  };
  auto old_values = values_of(before), new_values = values_of(now);
  old_values.merge(values_of(to_yaml({})));
  std::vector<std::string> lines;
  for (const auto& [key, value] : new_values) {
    const auto old = old_values.find(key);
    if (old == old_values.end()) {
      lines.push_back(fmt::format("{}: nothing, now {}", key, value));
    } else if (old->second != value) {
      lines.push_back(fmt::format("{}: {}, now {}", key, old->second, value));
    }
  }
  for (const auto& [key, value] : old_values) {
    if (!new_values.contains(key)) lines.push_back(fmt::format("{}: {}, now nothing", key, value));
  }
  return lines;
}

ScheduleOptions schedule_options(const TrainRecipe& recipe, int64_t iterations_per_epoch) {
  return {.epochs = recipe.epochs,
          .iterations_per_epoch = iterations_per_epoch,
          .batch_size = recipe.batch_size,
          .lr0 = recipe.lr0,
          .lrf = recipe.lrf,
          .momentum = recipe.momentum,
          .weight_decay = recipe.weight_decay,
          .warmup_epochs = recipe.warmup_epochs,
          .warmup_min_iterations = recipe.warmup_min_iterations,
          .warmup_momentum = recipe.warmup_momentum,
          .warmup_bias_lr = recipe.warmup_bias_lr,
          .nominal_batch = recipe.nominal_batch,
          .reference_batch = recipe.reference_batch,
          .correction_epochs = recipe.correction_epochs};
}

int64_t calm_epochs(const TrainRecipe& recipe) {
  return std::min(recipe.stop_strong_last_epochs, recipe.epochs / 3);
}

}  // namespace y6q::train
