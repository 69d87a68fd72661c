#include "data/recipe.h"

#include <array>

namespace y6q::data {

AugmentRecipe without_strong(AugmentRecipe recipe) {
  recipe.mosaic = recipe.mixup = 0;
  return recipe;
}

std::span<const AugmentSetting> augment_settings() {
  static constexpr std::array kSettings{
      AugmentSetting{"hsv_h", &AugmentRecipe::hsv_h, 1},
      AugmentSetting{"hsv_s", &AugmentRecipe::hsv_s, 1},
      AugmentSetting{"hsv_v", &AugmentRecipe::hsv_v, 1},
      AugmentSetting{"degrees", &AugmentRecipe::degrees, 180},
      AugmentSetting{"translate", &AugmentRecipe::translate, 1},
      AugmentSetting{"scale", &AugmentRecipe::scale, 0.99},
      AugmentSetting{"shear", &AugmentRecipe::shear, 80},
      AugmentSetting{"flipud", &AugmentRecipe::flipud, 1},
      AugmentSetting{"fliplr", &AugmentRecipe::fliplr, 1},
      AugmentSetting{"mosaic", &AugmentRecipe::mosaic, 1},
      AugmentSetting{"mixup", &AugmentRecipe::mixup, 1},
  };
  return kSettings;
}

}  // namespace y6q::data
