#include "train/recipe.h"

#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <variant>
#include <vector>

#include "base/errors.h"
#include "train/loss_iou.h"

namespace y6q::train {
namespace {

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
      {"epochs", &TrainRecipe::epochs, 1, 1e6, {}},
      {"batch_size", &TrainRecipe::batch_size, 1, 65536, {}},
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

template <typename T>
T number_of(const Setting& setting, const YAML::Node& value) {
  T number{};
  if (!value.IsScalar() || !YAML::convert<T>::decode(value, number) ||
      !(static_cast<double>(number) >= setting.low && static_cast<double>(number) <= setting.high)) {
    throw InputError("{} is '{}'; a {}number from {:.7g} to {:.7g} is accepted", setting.name,
                     value.IsScalar() ? value.Scalar() : "a list or map",
                     std::is_integral_v<T> ? "whole " : "", setting.low, setting.high);
  }
  return number;
}

std::string word_of(const Setting& setting, const YAML::Node& value) {
  const std::string word = value.IsScalar() ? value.Scalar() : "a list or map";
  if (std::find(setting.words.begin(), setting.words.end(), word) == setting.words.end()) {
    throw InputError("{} is '{}'; {} are accepted", setting.name, word, fmt::join(setting.words, ", "));
  }
  return word;
}

bool truth_of(const Setting& setting, const YAML::Node& value) {
  bool truth = false;
  if (!value.IsScalar() || !YAML::convert<bool>::decode(value, truth)) {
    throw InputError("{} is '{}'; true or false is accepted", setting.name,
                     value.IsScalar() ? value.Scalar() : "a list or map");
  }
  return truth;
}

void set(TrainRecipe& recipe, const Setting& setting, const YAML::Node& value) {
  std::visit(
      [&]<typename T>(T TrainRecipe::*member) {
        if constexpr (std::is_same_v<T, bool>) {
          recipe.*member = truth_of(setting, value);
        } else if constexpr (std::is_same_v<T, std::string>) {
          recipe.*member = word_of(setting, value);
        } else {
          recipe.*member = number_of<T>(setting, value);
        }
      },
      setting.member);
}

void set_augment(TrainRecipe& recipe, const YAML::Node& value) {
  if (!value.IsMap()) throw InputError("augment: a map of names and numbers is expected");
  for (const auto& entry : value) {
    data::set_augmentation(recipe.augment, entry.first.as<std::string>(), entry.second.as<double>());
  }
}

void set_entry(TrainRecipe& recipe, const std::string& key, const YAML::Node& value) {
  if (key == "augment") return set_augment(recipe, value);
  for (const Setting& setting : settings()) {
    if (key == setting.name) return set(recipe, setting, value);
  }
  throw InputError("key '{}' is unknown; {} are accepted", key, accepted_keys());
}

}  // namespace

TrainRecipe parse_train_recipe(const std::string& yaml, const std::string& origin,
                               const TrainRecipe& defaults) {
  TrainRecipe recipe = defaults;
  int line = 1;
  try {
    const YAML::Node root = YAML::Load(yaml);
    if (root.IsNull()) return recipe;
    if (!root.IsMap()) throw InputError("a map of settings is expected");
    for (const auto& entry : root) {
      line = entry.first.Mark().line + 1;
      set_entry(recipe, entry.first.as<std::string>(), entry.second);
    }
  } catch (const YAML::Exception& error) {
    throw InputError("recipe: {}, line {}: {}", origin, error.mark.line + 1, error.msg);
  } catch (const InputError& error) {
    throw InputError("recipe: {}, line {}: {}", origin, line, error.what());
  }
  return recipe;
}

std::string to_yaml(const TrainRecipe& recipe) {
  std::string text;
  for (const Setting& setting : settings()) {
    std::visit([&](auto member) { text += fmt::format("{}: {}\n", setting.name, recipe.*member); },
               setting.member);
  }
  text += "augment:\n";
  for (const auto& [name, value] : data::augmentation_settings(recipe.augment)) {
    text += fmt::format("  {}: {}\n", name, value);
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
