#pragma once

#include <span>
#include <vector>

#include "detect/nms.h"

namespace y6q::detect {

/// One level's raw maps of one image, planar: cls [nc, H, W] logits, reg [4, H, W] l, t, r, b in stride
/// units.
struct LevelMaps {
  const float* cls = nullptr;
  const float* reg = nullptr;
  int64_t height = 0, width = 0, stride = 8;
};

/// Raw maps -> candidates in input pixels, level by level, cell by cell (row-major), class by class.
/// multi_label: every class with sigmoid(logit) > score_threshold; else the best class alone (first of
/// equals). The threshold is applied to logits first, so that only survivors are decoded.
std::vector<Detection> decode(std::span<const LevelMaps> levels, int64_t class_count,
                              const NmsOptions& options);

/// One image of Decode's output [A, 5 + nc] -> candidates, same rules (score = class score x column 4).
std::vector<Detection> decode_rows(std::span<const float> rows, int64_t class_count,
                                   const NmsOptions& options);

}  // namespace y6q::detect
