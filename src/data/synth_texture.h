#pragma once

#include <array>
#include <cstdint>

#include "base/random.h"

namespace y6q::data {

using Bgr = std::array<double, 3>;  ///< 0 to 255

/// A surface: two colours mixed by a pattern.
struct SynthTexture {
  enum class Pattern { kGradient, kStripes, kChecks, kNoise };
  Pattern pattern = Pattern::kGradient;
  Bgr first{}, second{};
  double angle = 0, period = 32, phase = 0;  ///< radians, pixels, pixels
  uint32_t noise_seed = 0;

  Bgr at(double x, double y) const;
  Bgr mean() const;
};

/// Any colour; the second differs from the first by up to `contrast` a channel. image_size in pixels.
SynthTexture draw_texture(Random& random, double contrast, int64_t image_size);

}  // namespace y6q::data
