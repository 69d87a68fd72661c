#pragma once

#include "base/random.h"
#include "data/recipe.h"
#include "data/sample.h"

namespace y6q::data {

/// Uniform numbers in [-1, 1).
struct HsvDraws {
  double h = 0, s = 0, v = 0;
};
HsvDraws draw_hsv(Random& random);

/// Multiplies hue (modulo 180), saturation and value by 1 + draw x setting (spec/02 §2.7); in place. Settings
/// of 0 leave the image as it is.
void apply_hsv(image::Image& image, const HsvDraws& draws, const AugmentRecipe& recipe);

}  // namespace y6q::data
