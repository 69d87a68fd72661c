#include "data/augment_flip.h"

#include <utility>

#include "image/warp.h"

namespace y6q::data {

FlipDraws draw_flip(const AugmentRecipe& recipe, Random& random) {
  FlipDraws draws;
  draws.up_down = random.chance(recipe.flipud);
  draws.left_right = random.chance(recipe.fliplr);
  return draws;
}

Sample apply_flip(Sample sample, const FlipDraws& draws) {
  if (draws.up_down) {
    sample.image = image::flip_up_down(sample.image);
    const auto height = static_cast<double>(sample.image.height);
    for (PixelLabel& box : sample.labels) box.y1 = height - std::exchange(box.y2, height - box.y1);
  }
  if (draws.left_right) {
    sample.image = image::flip_left_right(sample.image);
    const auto width = static_cast<double>(sample.image.width);
    for (PixelLabel& box : sample.labels) box.x1 = width - std::exchange(box.x2, width - box.x1);
  }
  return sample;
}

}  // namespace y6q::data
