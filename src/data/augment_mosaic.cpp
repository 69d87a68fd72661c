#include "data/augment_mosaic.h"

#include <algorithm>
#include <cstring>

#include "image/letterbox.h"

namespace y6q::data {
namespace {

// Copies the part of the tile that lies on the canvas when its upper left corner is at (left, top).
void paste(image::Image& canvas, const image::Image& tile, int64_t left, int64_t top) {
  const int64_t x1 = std::max<int64_t>(left, 0), x2 = std::min(left + tile.width, canvas.width);
  const int64_t y1 = std::max<int64_t>(top, 0), y2 = std::min(top + tile.height, canvas.height);
  if (x1 >= x2) return;
  for (int64_t y = y1; y < y2; ++y) {
    std::memcpy(canvas.at(y, x1), tile.at(y - top, x1 - left), static_cast<size_t>((x2 - x1) * 3));
  }
}

PixelLabel placed(const Label& label, const image::Image& tile, int64_t left, int64_t top) {
  const auto w = static_cast<double>(tile.width), h = static_cast<double>(tile.height);
  const auto x = static_cast<double>(left), y = static_cast<double>(top);
  return {label.label, w * (label.cx - label.w / 2) + x, h * (label.cy - label.h / 2) + y,
          w * (label.cx + label.w / 2) + x, h * (label.cy + label.h / 2) + y};
}

}  // namespace

MosaicDraws draw_mosaic(int64_t current, int64_t count, image::Size target, Random& random) {
  MosaicDraws draws;
  draws.indices[0] = current;
  for (size_t i = 1; i < 4; ++i) draws.indices[i] = random.index(count);
  random.shuffle(std::span<int64_t>(draws.indices));
  auto middle = [&](int64_t side) {
    return static_cast<int64_t>(
        random.uniform(static_cast<double>(side / 2), static_cast<double>(3 * side / 2)));
  };
  draws.centre_y = middle(target.height);
  draws.centre_x = middle(target.width);
  return draws;
}

Sample mosaic_canvas(const std::array<Tile, 4>& tiles, const MosaicDraws& draws, image::Size target) {
  Sample canvas{image::Image(2 * target.height, 2 * target.width, image::kFill), {}};
  const auto width = static_cast<double>(canvas.image.width),
             height = static_cast<double>(canvas.image.height);
  for (size_t i = 0; i < 4; ++i) {
    const image::Image& tile = *tiles[i].image;
    const int64_t left = draws.centre_x - (i % 2 == 0 ? tile.width : 0);
    const int64_t top = draws.centre_y - (i < 2 ? tile.height : 0);
    paste(canvas.image, tile, left, top);
    for (const Label& label : tiles[i].labels) {
      PixelLabel box = placed(label, tile, left, top);
      box.x1 = std::clamp(box.x1, 0.0, width), box.x2 = std::clamp(box.x2, 0.0, width);
      box.y1 = std::clamp(box.y1, 0.0, height), box.y2 = std::clamp(box.y2, 0.0, height);
      canvas.labels.push_back(box);
    }
  }
  return canvas;
}

}  // namespace y6q::data
