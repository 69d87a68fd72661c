#include "detect/decode.h"

#include <cmath>
#include <limits>

#include "base/errors.h"

namespace y6q::detect {
namespace {

struct Hit {
  int64_t cell = 0, label = 0;
  float logit = 0;
};

float sigmoid(float logit) { return 1.0F / (1.0F + std::exp(-logit)); }

// Logits not above it cannot score above the threshold; a little low, so that rounding never loses a
// candidate.
float logit_floor(float threshold) {
  if (threshold <= 0) return -std::numeric_limits<float>::infinity();
  if (threshold >= 1) return std::numeric_limits<float>::infinity();
  return std::log(threshold / (1 - threshold)) - 1e-3F;
}

// Writes the positions of values with value x factor > floor, ascending, and returns their number; found: at
// least as many as values. No branch depends on a comparison: of dense predictions every twentieth is a hit,
// which no branch predictor gets right.
size_t positions_above(std::span<const float> values, float factor, float floor, int32_t* found) {
  size_t count = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    found[count] = static_cast<int32_t>(i);
    count += values[i] * factor > floor ? 1 : 0;
  }
  return count;
}

// The planes are read in memory order; a counting sort then gives cell-major, class-minor order.
std::vector<Hit> hits_of_all_classes(const LevelMaps& level, int64_t class_count, float floor) {
  const auto cells = static_cast<size_t>(level.height * level.width);
  std::vector<Hit> by_class;
  std::vector<size_t> first(cells + 1);
  std::vector<int32_t> above(cells);
  for (int64_t label = 0; label < class_count; ++label) {
    const std::span plane(level.cls + static_cast<size_t>(label) * cells, cells);
    const size_t count = positions_above(plane, 1, floor, above.data());
    for (const int32_t cell : std::span(above).first(count)) {
      by_class.push_back({cell, label, plane[static_cast<size_t>(cell)]});
      ++first[static_cast<size_t>(cell) + 1];
    }
  }
  for (size_t cell = 1; cell < first.size(); ++cell) first[cell] += first[cell - 1];
  std::vector<Hit> by_cell(by_class.size());
  for (const Hit& hit : by_class) by_cell[first[static_cast<size_t>(hit.cell)]++] = hit;
  return by_cell;
}

std::vector<Hit> hits_of_best_class(const LevelMaps& level, int64_t class_count, float floor) {
  const int64_t cells = level.height * level.width;
  std::vector<Hit> best(static_cast<size_t>(cells));
  for (int64_t cell = 0; cell < cells; ++cell) best[static_cast<size_t>(cell)] = {cell, 0, level.cls[cell]};
  for (int64_t label = 1; label < class_count; ++label) {
    const float* plane = level.cls + label * cells;
    for (int64_t cell = 0; cell < cells; ++cell) {
      Hit& hit = best[static_cast<size_t>(cell)];
      if (plane[cell] > hit.logit) hit.label = label, hit.logit = plane[cell];
    }
  }
  std::erase_if(best, [floor](const Hit& hit) { return !(hit.logit > floor); });
  return best;
}

// spec/01 §3.4: distances to the left, top, right and bottom of the cell's centre, in strides.
Box box_of_cell(const LevelMaps& level, int64_t cell) {
  const int64_t cells = level.height * level.width;
  const auto stride = static_cast<float>(level.stride);
  const float x = static_cast<float>(cell % level.width) + 0.5F,
              y = static_cast<float>(cell / level.width) + 0.5F;
  const float* reg = level.reg + cell;
  return {(x - reg[0]) * stride, (y - reg[cells]) * stride, (x + reg[2 * cells]) * stride,
          (y + reg[3 * cells]) * stride};
}

// The first of equals.
Detection best_of(const Box& box, std::span<const float> scores, float objectness) {
  Detection best{box, -1, 0};
  for (size_t label = 0; label < scores.size(); ++label) {
    const float score = scores[label] * objectness;
    if (score > best.score) best.score = score, best.label = static_cast<int64_t>(label);
  }
  return best;
}

}  // namespace

std::vector<Detection> decode(std::span<const LevelMaps> levels, int64_t class_count,
                              const NmsOptions& options) {
  if (class_count < 1) throw ShapeError("detect: {} classes; at least one is needed", class_count);
  const float floor = logit_floor(options.score_threshold);
  std::vector<Detection> candidates;
  for (const LevelMaps& level : levels) {
    const auto hits = options.multi_label ? hits_of_all_classes(level, class_count, floor)
                                          : hits_of_best_class(level, class_count, floor);
    for (const Hit& hit : hits) {
      const float score = sigmoid(hit.logit);
      if (score > options.score_threshold)
        candidates.push_back({box_of_cell(level, hit.cell), score, hit.label});
    }
  }
  return candidates;
}

std::vector<Detection> decode_rows(std::span<const float> rows, int64_t class_count,
                                   const NmsOptions& options) {
  const int64_t columns = 5 + class_count;
  if (class_count < 1 || std::ssize(rows) % columns != 0) {
    throw ShapeError("detect: {} numbers are no whole rows of 5 + {} columns", rows.size(), class_count);
  }
  std::vector<Detection> candidates;
  std::vector<int32_t> above(static_cast<size_t>(class_count));
  for (const float* row = rows.data(); row != rows.data() + rows.size(); row += columns) {
    const Box box{row[0] - row[2] / 2, row[1] - row[3] / 2, row[0] + row[2] / 2, row[1] + row[3] / 2};
    const std::span scores(row + 5, static_cast<size_t>(class_count));
    if (options.multi_label) {
      const size_t count = positions_above(scores, row[4], options.score_threshold, above.data());
      for (const int32_t label : std::span(above).first(count)) {
        candidates.push_back({box, scores[static_cast<size_t>(label)] * row[4], label});
      }
    } else if (const Detection best = best_of(box, scores, row[4]); best.score > options.score_threshold) {
      candidates.push_back(best);
    }
  }
  return candidates;
}

}  // namespace y6q::detect
