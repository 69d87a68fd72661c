#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "data/sample.h"

namespace y6q::data {

struct SynthSceneOptions {
  int64_t image_size = 256;  ///< pixels, square
  int64_t classes = 4;       ///< the first so many of the shapes
};

/// A generated image: labels are the tight boxes of what can be seen of each object.
struct SynthScene {
  Sample sample;
  std::vector<int8_t> owner;  ///< per pixel, row-major: position of the label it belongs to, -1 for none
};

/// One to four textured shapes, 15 to 50 % of the side, turned, stretched and partly hidden, on a textured
/// ground between rods and specks, under uneven light and noise. Any colour belongs to any class. At least
/// half of every labelled object can be seen.
SynthScene draw_scene(const SynthSceneOptions& options, Random& random);

}  // namespace y6q::data
