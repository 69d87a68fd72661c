#include "data/recipe.h"

#include <yaml-cpp/yaml.h>

#include <array>

#include "base/errors.h"

namespace y6q::data {
namespace {

struct Setting {
  std::string_view name;
  double AugmentRecipe::*value;
  double max;  ///< accepted: 0 to max
};

constexpr std::array kSettings{
    Setting{"hsv_h", &AugmentRecipe::hsv_h, 1},         Setting{"hsv_s", &AugmentRecipe::hsv_s, 1},
    Setting{"hsv_v", &AugmentRecipe::hsv_v, 1},         Setting{"degrees", &AugmentRecipe::degrees, 180},
    Setting{"translate", &AugmentRecipe::translate, 1}, Setting{"scale", &AugmentRecipe::scale, 0.99},
    Setting{"shear", &AugmentRecipe::shear, 80},        Setting{"flipud", &AugmentRecipe::flipud, 1},
    Setting{"fliplr", &AugmentRecipe::fliplr, 1},       Setting{"mosaic", &AugmentRecipe::mosaic, 1},
    Setting{"mixup", &AugmentRecipe::mixup, 1},
};

std::string accepted_names() {
  std::string names;
  for (const Setting& setting : kSettings) names.append(names.empty() ? "" : ", ").append(setting.name);
  return names;
}

}  // namespace

AugmentRecipe without_strong(AugmentRecipe recipe) {
  recipe.mosaic = recipe.mixup = 0;
  return recipe;
}

void set_augmentation(AugmentRecipe& recipe, std::string_view name, double value) {
  for (const Setting& setting : kSettings) {
    if (setting.name != name) continue;
    if (!(value >= 0 && value <= setting.max)) {
      throw InputError("recipe: {} is {}; accepted is 0 to {}", name, value, setting.max);
    }
    recipe.*setting.value = value;
    return;
  }
  throw InputError("recipe: unknown augmentation '{}'; accepted are {}", name, accepted_names());
}

std::vector<std::pair<std::string, double>> augmentation_settings(const AugmentRecipe& recipe) {
  std::vector<std::pair<std::string, double>> settings;
  for (const Setting& setting : kSettings) settings.emplace_back(setting.name, recipe.*setting.value);
  return settings;
}

AugmentRecipe parse_recipe(const std::string& yaml, const std::string& origin) {
  AugmentRecipe recipe;
  try {
    const YAML::Node root = YAML::Load(yaml);
    if (!root.IsMap()) throw InputError("recipe: {}: a map of names and numbers is expected", origin);
    for (const auto& entry : root) {
      set_augmentation(recipe, entry.first.as<std::string>(), entry.second.as<double>());
    }
  } catch (const YAML::Exception& error) {
    throw InputError("recipe: {}, line {}: {}", origin, error.mark.line + 1, error.msg);
  } catch (const InputError& error) {
    throw InputError("{}: {}", origin, error.what());
  }
  return recipe;
}

}  // namespace y6q::data
