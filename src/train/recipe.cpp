#include "train/recipe.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <variant>
#include <vector>

#include "data/yaml_reader.h"
#include "train/loss_iou.h"

namespace y6q::train {
namespace {

using data::YamlEntry;
using data::YamlReader;
using Member = std::variant<int64_t TrainRecipe::*, uint64_t TrainRecipe::*, double TrainRecipe::*,
                            bool TrainRecipe::*, std::string TrainRecipe::*>;

struct Setting {
  const char* name;
  Member member;
  double low = 0, high = 0;        ///< accepted numbers
  std::vector<std::string> words;  ///< accepted texts
};

const std::vector<Setting>& settings() {
  constexpr double kMany = 1e9;
  static const std::vector<Setting> kSettings{
      {"epochs", &TrainRecipe::epochs, 1, kMostEpochs, {}},
      {"batch_size", &TrainRecipe::batch_size, 1, kLargestBatch, {}},
      {"lr0", &TrainRecipe::lr0, 0, 100, {}},
      {"lrf", &TrainRecipe::lrf, 0, 1, {}},
      {"momentum", &TrainRecipe::momentum, 1e-6, 0.999999, {}},
      {"weight_decay", &TrainRecipe::weight_decay, 0, 0.999999, {}},
      {"warmup_epochs", &TrainRecipe::warmup_epochs, 0, 1e5, {}},
      {"warmup_min_iterations", &TrainRecipe::warmup_min_iterations, 0, kMany, {}},
      {"warmup_momentum", &TrainRecipe::warmup_momentum, 0, 0.999999, {}},
      {"warmup_bias_lr", &TrainRecipe::warmup_bias_lr, 0, 100, {}},
      {"nominal_batch", &TrainRecipe::nominal_batch, 0, kMany, {}},
      {"reference_batch", &TrainRecipe::reference_batch, 0, kMany, {}},
      {"iou_type", &TrainRecipe::iou_type, 0, 0, {"giou", "diou", "ciou", "siou"}},
      {"atss_warmup_epochs", &TrainRecipe::atss_warmup_epochs, 0, kMany, {}},
      {"stop_strong_last_epochs", &TrainRecipe::stop_strong_last_epochs, 0, kMany, {}},
      {"eval_interval", &TrainRecipe::eval_interval, 1, kMany, {}},
      {"distill_feature_weight", &TrainRecipe::distill_feature_weight, 0, 1e6, {}},
      {"distill_class_weight", &TrainRecipe::distill_class_weight, 0, 1e6, {}},
      {"distill_temperature", &TrainRecipe::distill_temperature, 0.01, 1e6, {}},
      {"ema", &TrainRecipe::ema, 0, 0, {}},
      {"bf16", &TrainRecipe::bf16, 0, 0, {"auto", "on", "off"}},
      {"seed", &TrainRecipe::seed, 0, 18446744073709551615.0, {}},
  };
  return kSettings;
}

std::string accepted_keys() {
  std::string names;
  for (const Setting& setting : settings()) names.append(setting.name).append(", ");
  return names + "augment";
}

std::string accepted_augmentations() {
  std::string names;
  for (const data::AugmentSetting& setting : data::augment_settings()) {
    names.append(names.empty() ? "" : ", ").append(setting.name);
  }
  return names;
}

std::string word_of(const YamlReader& reader, const YamlEntry& entry, const Setting& setting) {
  const std::string accepted = fmt::format("one of {}", fmt::join(setting.words, ", "));
  std::string word = reader.text(entry, accepted);
  if (std::ranges::find(setting.words, word) == setting.words.end()) reader.refuse(entry, accepted);
  return word;
}

void set(TrainRecipe& recipe, const Setting& setting, const YamlReader& reader, const YamlEntry& entry) {
  std::visit(
      [&]<typename T>(T TrainRecipe::*member) {
        if constexpr (std::is_same_v<T, bool>) {
          recipe.*member = reader.truth(entry);
        } else if constexpr (std::is_same_v<T, std::string>) {
          recipe.*member = word_of(reader, entry, setting);
        } else {
          recipe.*member = reader.number<T>(entry, setting.low, setting.high);
        }
      },
      setting.member);
}

void set_augment(data::AugmentRecipe& recipe, const YamlReader& reader, const YamlEntry& map) {
  for (const YamlEntry& entry : reader.entries(map, "augmentations")) {
    const auto settings = data::augment_settings();
    const auto found = std::ranges::find(settings, entry.name, &data::AugmentSetting::name);
    if (found == settings.end()) reader.refuse_key(entry, accepted_augmentations());
    recipe.*found->value = reader.number<double>(entry, 0, found->max);
  }
}

}  // namespace

TrainRecipe parse_train_recipe(const YamlEntry& map, const std::string& origin, const TrainRecipe& defaults) {
  const YamlReader reader("recipe: " + origin);
  TrainRecipe recipe = defaults;
  if (map.value.IsNull()) return recipe;
  for (const YamlEntry& entry : reader.entries(map, "settings")) {
    const auto found = std::ranges::find(settings(), entry.name, &Setting::name);
    if (entry.name == "augment") {
      set_augment(recipe.augment, reader, entry);
    } else if (found == settings().end()) {
      reader.refuse_key(entry, accepted_keys());
    } else {
      set(recipe, *found, reader, entry);
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
  for (const Setting& setting : settings()) {
    std::visit([&](auto member) { text += fmt::format("{}: {}\n", setting.name, recipe.*member); },
               setting.member);
  }
  text += "augment:\n";
  for (const data::AugmentSetting& setting : data::augment_settings()) {
    text += fmt::format("  {}: {}\n", setting.name, recipe.augment.*setting.value);
  }
  return text;
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
          .reference_batch = recipe.reference_batch};
}

int64_t calm_epochs(const TrainRecipe& recipe) {
  return std::min(recipe.stop_strong_last_epochs, recipe.epochs / 3);
}

}  // namespace y6q::train
