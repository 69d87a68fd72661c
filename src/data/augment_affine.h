#pragma once

#include "base/random.h"
#include "data/recipe.h"
#include "data/sample.h"
#include "image/warp.h"

namespace y6q::data {

/// Random numbers of one warp, in the order they are drawn (spec/02 §2.5).
struct AffineDraws {
  double angle = 0;  ///< degrees
  double scale = 1;
  double shear_x = 0, shear_y = 0;  ///< degrees
  double tx = 0.5, ty = 0.5;        ///< place of the source's centre, fractions of the target
};
AffineDraws draw_affine(const AugmentRecipe& recipe, Random& random);

/// M = T S R C: source pixels -> target pixels.
image::Affine affine_matrix(const AffineDraws& draws, image::Size source, image::Size target);

/// Warps the image; boxes become the hull of their mapped corners, clipped to the target, and are dropped by
/// keeps_box.
Sample apply_affine(const Sample& sample, const AffineDraws& draws, image::Size target);

/// Both sides > 2 pixels, aspect < 20, area > 0.1 of (area before x scale²).
bool keeps_box(const PixelLabel& before, const PixelLabel& after, double scale);

}  // namespace y6q::data
