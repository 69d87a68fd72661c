#include "data/synth_texture.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace y6q::data {
namespace {

// Integer hash (finalizer of MurmurHash3, public domain) of a lattice point, in [0, 1).
double lattice(int64_t x, int64_t y, uint32_t seed) {
  uint32_t h = seed ^ static_cast<uint32_t>(x) * 0x85EBCA6BU ^ static_cast<uint32_t>(y) * 0xC2B2AE35U;
  h = (h ^ h >> 16) * 0x85EBCA6BU;
  h = (h ^ h >> 13) * 0xC2B2AE35U;
  return static_cast<double>(h ^ h >> 16) / 4294967296.0;
}

// Smoothly interpolated lattice values.
double value_noise(double x, double y, uint32_t seed) {
  const auto x0 = static_cast<int64_t>(std::floor(x)), y0 = static_cast<int64_t>(std::floor(y));
  auto smooth = [](double t) { return t * t * (3 - 2 * t); };
  const double u = smooth(x - std::floor(x)), v = smooth(y - std::floor(y));
  const double top = std::lerp(lattice(x0, y0, seed), lattice(x0 + 1, y0, seed), u);
  const double bottom = std::lerp(lattice(x0, y0 + 1, seed), lattice(x0 + 1, y0 + 1, seed), u);
  return std::lerp(top, bottom, v);
}

}  // namespace

Bgr SynthTexture::at(double x, double y) const {
  const double along = x * std::cos(angle) + y * std::sin(angle) + phase;
  const double across = y * std::cos(angle) - x * std::sin(angle) + phase;
  const double wave = 0.5 + 0.5 * std::sin(2 * std::numbers::pi * along / period);
  double share = 0;
  switch (pattern) {
    case Pattern::kGradient:
      share = 0.5 + 0.5 * std::sin(2 * std::numbers::pi * along / (8 * period));
      break;
    case Pattern::kStripes:
      share = wave;
      break;
    case Pattern::kChecks:
      share = (std::sin(2 * std::numbers::pi * across / period) > 0) == (wave > 0.5) ? 1 : 0;
      break;
    case Pattern::kNoise:
      share = 0.65 * value_noise(along / period, across / period, noise_seed) +
              0.35 * value_noise(3 * along / period, 3 * across / period, noise_seed + 1);
      break;
  }
  Bgr colour;
  for (size_t i = 0; i < 3; ++i) colour[i] = std::lerp(first[i], second[i], share);
  return colour;
}

Bgr SynthTexture::mean() const {
  return {(first[0] + second[0]) / 2, (first[1] + second[1]) / 2, (first[2] + second[2]) / 2};
}

SynthTexture draw_texture(Random& random, double contrast, int64_t image_size) {
  SynthTexture texture;
  texture.pattern = static_cast<SynthTexture::Pattern>(random.index(4));
  for (size_t i = 0; i < 3; ++i) {
    texture.first[i] = random.uniform(20, 235);
    texture.second[i] = std::clamp(texture.first[i] + random.uniform(-contrast, contrast), 0.0, 255.0);
  }
  const auto size = static_cast<double>(image_size);
  texture.angle = random.uniform(0, std::numbers::pi);
  texture.period = random.uniform(0.04, 0.2) * size;
  texture.phase = random.uniform(0, size);
  texture.noise_seed = static_cast<uint32_t>(random.bits());
  return texture;
}

}  // namespace y6q::data
