#pragma once

#include <array>
#include <span>

#include "base/random.h"
#include "data/dataset.h"
#include "data/sample.h"
#include "image/resize.h"

namespace y6q::data {

/// One image of a mosaic, already resized; nothing is copied.
struct Tile {
  const image::Image* image = nullptr;
  std::span<const Label> labels;
};

/// Which images meet where (spec/02 §2.4).
struct MosaicDraws {
  std::array<int64_t, 4> indices{};  ///< top left, top right, bottom left, bottom right
  int64_t centre_y = 0, centre_x = 0;
};
/// The current image, three others of `count` with replacement, shuffled; the centre in the middle half of a
/// canvas twice the target's size.
MosaicDraws draw_mosaic(int64_t current, int64_t count, image::Size target, Random& random);

/// The 2H x 2W canvas, grey where no tile reaches, labels clipped to it (never dropped).
Sample mosaic_canvas(const std::array<Tile, 4>& tiles, const MosaicDraws& draws, image::Size target);

}  // namespace y6q::data
