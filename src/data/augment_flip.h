#pragma once

#include "base/random.h"
#include "data/recipe.h"
#include "data/sample.h"

namespace y6q::data {

struct FlipDraws {
  bool up_down = false, left_right = false;
};
FlipDraws draw_flip(const AugmentRecipe& recipe, Random& random);

/// Mirrors image and boxes.
Sample apply_flip(Sample sample, const FlipDraws& draws);

}  // namespace y6q::data
