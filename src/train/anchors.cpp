#include "train/anchors.h"

#include <algorithm>

#include "base/errors.h"
#include "train/loss_dfl.h"

namespace y6q::train {

AnchorGrid::AnchorGrid(std::vector<Level> levels) : levels_(std::move(levels)) {
  int64_t first = 0;
  for (Level& level : levels_) {
    if (level.height <= 0 || level.width <= 0 || level.stride <= 0) {
      throw InputError("anchors: level of {} x {} cells, stride {}; positive numbers expected", level.height,
                       level.width, level.stride);
    }
    level.first = first;
    first += level.height * level.width;
    for (int64_t row = 0; row < level.height; ++row) {
      for (int64_t column = 0; column < level.width; ++column) {
        x_.push_back(static_cast<float>(column) + 0.5F);
        y_.push_back(static_cast<float>(row) + 0.5F);
        stride_.push_back(static_cast<float>(level.stride));
      }
    }
  }
}

std::vector<Level> levels_of(int64_t image_height, int64_t image_width, std::span<const int64_t> strides) {
  std::vector<Level> levels;
  for (const int64_t stride : strides) {
    if (stride <= 0 || image_height % stride != 0 || image_width % stride != 0) {
      throw InputError("anchors: image of {} x {} pixels; sides must be multiples of stride {}", image_height,
                       image_width, stride);
    }
    levels.push_back({image_height / stride, image_width / stride, stride, 0});
  }
  return levels;
}

void decode_boxes(const AnchorGrid& grid, const float* distances, int64_t reg_max, float* boxes) {
  const int64_t width = 4 * (reg_max + 1);
  for (int64_t anchor = 0; anchor < grid.count(); ++anchor) {
    const float* row = distances + anchor * width;
    float sides[4];
    if (reg_max == 0) {
      std::copy(row, row + 4, sides);
    } else {
      const auto expected = expected_distances(row, reg_max);
      std::copy(expected.begin(), expected.end(), sides);
    }
    const float x = grid.x(anchor), y = grid.y(anchor), stride = grid.stride(anchor);
    float* box = boxes + anchor * 4;
    box[0] = (x - sides[0]) * stride;
    box[1] = (y - sides[1]) * stride;
    box[2] = (x + sides[2]) * stride;
    box[3] = (y + sides[3]) * stride;
  }
}

}  // namespace y6q::train
