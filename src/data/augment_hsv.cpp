#include "data/augment_hsv.h"

#include <algorithm>
#include <cmath>

#include "image/colour.h"

namespace y6q::data {

HsvDraws draw_hsv(Random& random) {
  HsvDraws draws;
  draws.h = random.uniform(-1, 1);
  draws.s = random.uniform(-1, 1);
  draws.v = random.uniform(-1, 1);
  return draws;
}

void apply_hsv(image::Image& image, const HsvDraws& draws, const AugmentRecipe& recipe) {
  if (recipe.hsv_h == 0 && recipe.hsv_s == 0 && recipe.hsv_v == 0) return;
  const double hue = 1 + draws.h * recipe.hsv_h, saturation = 1 + draws.s * recipe.hsv_s;
  const double value = 1 + draws.v * recipe.hsv_v;
  image::HsvTables tables{};
  for (size_t i = 0; i < 256; ++i) {
    const auto level = static_cast<double>(i);
    tables.hue[i] = static_cast<uint8_t>(std::fmod(level * hue, 180.0));
    tables.saturation[i] = static_cast<uint8_t>(std::clamp(level * saturation, 0.0, 255.0));
    tables.value[i] = static_cast<uint8_t>(std::clamp(level * value, 0.0, 255.0));
  }
  image::map_hsv(image, tables);
}

}  // namespace y6q::data
