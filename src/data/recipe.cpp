#include "data/recipe.h"

namespace y6q::data {

AugmentRecipe without_strong(AugmentRecipe recipe) {
  recipe.mosaic = recipe.mixup = 0;
  return recipe;
}

const std::vector<Field<AugmentRecipe>>& augment_fields() {
  static const std::vector<Field<AugmentRecipe>> kFields{
      number_field("hsv_h", &AugmentRecipe::hsv_h, 0, 1, "Relative range of the hue"),
      number_field("hsv_s", &AugmentRecipe::hsv_s, 0, 1, "Relative range of the saturation"),
      number_field("hsv_v", &AugmentRecipe::hsv_v, 0, 1, "Relative range of the brightness"),
      number_field("degrees", &AugmentRecipe::degrees, 0, 180, "Rotation, +/- degrees"),
      number_field("translate", &AugmentRecipe::translate, 0, 1, "Shift, +/- fraction of the size"),
      number_field("scale", &AugmentRecipe::scale, 0, 0.99, "Zoom, +/- fraction"),
      number_field("shear", &AugmentRecipe::shear, 0, 80, "Shear, +/- degrees"),
      number_field("flipud", &AugmentRecipe::flipud, 0, 1, "Probability of an upside-down flip"),
      number_field("fliplr", &AugmentRecipe::fliplr, 0, 1, "Probability of a left-right flip"),
      number_field("mosaic", &AugmentRecipe::mosaic, 0, 1, "Probability of a mosaic of four images"),
      number_field("mixup", &AugmentRecipe::mixup, 0, 1, "Probability of blending two mosaics"),
  };
  return kFields;
}

}  // namespace y6q::data
