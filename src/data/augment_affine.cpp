#include "data/augment_affine.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace y6q::data {
namespace {

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

PixelLabel hull(const PixelLabel& box, const image::Affine& m, image::Size target) {
  PixelLabel mapped{box.label, 1e300, 1e300, -1e300, -1e300};
  for (const double x : {box.x1, box.x2}) {
    for (const double y : {box.y1, box.y2}) {
      const double u = m[0] * x + m[1] * y + m[2], v = m[3] * x + m[4] * y + m[5];
      mapped.x1 = std::min(mapped.x1, u), mapped.x2 = std::max(mapped.x2, u);
      mapped.y1 = std::min(mapped.y1, v), mapped.y2 = std::max(mapped.y2, v);
    }
  }
  const auto width = static_cast<double>(target.width), height = static_cast<double>(target.height);
  mapped.x1 = std::clamp(mapped.x1, 0.0, width), mapped.x2 = std::clamp(mapped.x2, 0.0, width);
  mapped.y1 = std::clamp(mapped.y1, 0.0, height), mapped.y2 = std::clamp(mapped.y2, 0.0, height);
  return mapped;
}

}  // namespace

AffineDraws draw_affine(const AugmentRecipe& recipe, Random& random) {
  AffineDraws draws;
  draws.angle = random.uniform(-recipe.degrees, recipe.degrees);
  draws.scale = random.uniform(1 - recipe.scale, 1 + recipe.scale);
  draws.shear_x = random.uniform(-recipe.shear, recipe.shear);
  draws.shear_y = random.uniform(-recipe.shear, recipe.shear);
  draws.tx = random.uniform(0.5 - recipe.translate, 0.5 + recipe.translate);
  draws.ty = random.uniform(0.5 - recipe.translate, 0.5 + recipe.translate);
  return draws;
}

image::Affine affine_matrix(const AffineDraws& draws, image::Size source, image::Size target) {
  const double c = draws.scale * std::cos(radians(draws.angle)),
               s = draws.scale * std::sin(radians(draws.angle));
  const double kx = std::tan(radians(draws.shear_x)), ky = std::tan(radians(draws.shear_y));
  // S R with R = [[c, s], [-s, c]], S = [[1, kx], [ky, 1]].
  const double a = c - kx * s, b = s + kx * c, d = ky * c - s, e = ky * s + c;
  const double cx = static_cast<double>(source.width) / 2, cy = static_cast<double>(source.height) / 2;
  return {a, b, draws.tx * static_cast<double>(target.width) - a * cx - b * cy,
          d, e, draws.ty * static_cast<double>(target.height) - d * cx - e * cy};
}

Sample apply_affine(const Sample& sample, const AffineDraws& draws, image::Size target) {
  const image::Affine matrix = affine_matrix(draws, {sample.image.height, sample.image.width}, target);
  Sample warped{image::warp_affine(sample.image, matrix, target), {}};
  for (const PixelLabel& box : sample.labels) {
    const PixelLabel mapped = hull(box, matrix, target);
    if (keeps_box(box, mapped, draws.scale)) warped.labels.push_back(mapped);
  }
  return warped;
}

bool keeps_box(const PixelLabel& before, const PixelLabel& after, double scale) {
  constexpr double kEps = 1e-16;
  const double w = after.x2 - after.x1, h = after.y2 - after.y1;
  const double area_before = (before.x2 - before.x1) * (before.y2 - before.y1) * scale * scale;
  const double aspect = std::max(w / (h + kEps), h / (w + kEps));
  return w > 2 && h > 2 && w * h / (area_before + kEps) > 0.1 && aspect < 20;
}

}  // namespace y6q::data
