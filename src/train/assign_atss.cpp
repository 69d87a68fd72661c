#include "train/assign_atss.h"

#include <algorithm>
#include <cmath>

namespace y6q::train {
namespace {

/// IoU of the object and the anchor's square of 5 strides; union floored at 1e-6 (spec/02 §3, §5.1).
double square_overlap(const GroundTruth& truth, const AnchorGrid& grid, int64_t anchor) {
  const double half = 2.5 * static_cast<double>(grid.stride(anchor));
  const double x = grid.x_px(anchor), y = grid.y_px(anchor);
  const double width = std::max(std::min(truth.x2, x + half) - std::max(truth.x1, x - half), 0.0);
  const double height = std::max(std::min(truth.y2, y + half) - std::max(truth.y1, y - half), 0.0);
  const double shared = width * height;
  const double sum = (truth.x2 - truth.x1) * (truth.y2 - truth.y1) + 4 * half * half;
  return shared / std::max(sum - shared, 1e-6);
}

struct Window {
  int64_t first = 0, last = 0;  // inclusive
};

/// Columns (or rows) that can hold one of the nine nearest cells of a level at least three cells wide and
/// high, when the centre is inside the level: nine cells then lie within hypot(2.5, 2.5) cells, so that the
/// nearest nine are at most four cells away. Other counts, thin levels and centres outside take the whole
/// level.
Window window_of(double centre_in_cells, int64_t extent, bool local) {
  if (!local) return {0, extent - 1};
  const auto cell = std::clamp(static_cast<int64_t>(std::floor(centre_in_cells)), int64_t{0}, extent - 1);
  return {std::max(cell - 4, int64_t{0}), std::min(cell + 4, extent - 1)};
}

struct NearAnchor {
  double squared_distance = 0;
  int64_t anchor = 0;
  auto operator<=>(const NearAnchor&) const = default;
};

void add_nearest(const AnchorGrid& grid, const Level& level, const GroundTruth& truth, int64_t wanted,
                 std::vector<int64_t>& nearest) {
  const double x = (truth.x1 + truth.x2) / 2, y = (truth.y1 + truth.y2) / 2;
  const auto stride = static_cast<double>(level.stride);
  const bool inside = x >= 0 && y >= 0 && x <= static_cast<double>(level.width * level.stride) &&
                      y <= static_cast<double>(level.height * level.stride);
  const bool local = inside && wanted <= 9 && level.height >= 3 && level.width >= 3;
  const Window columns = window_of(x / stride, level.width, local),
               rows = window_of(y / stride, level.height, local);
  std::vector<NearAnchor> cells;
  for (int64_t row = rows.first; row <= rows.last; ++row) {
    for (int64_t column = columns.first; column <= columns.last; ++column) {
      const int64_t anchor = level.first + row * level.width + column;
      const double dx = grid.x_px(anchor) - x, dy = grid.y_px(anchor) - y;
      cells.push_back({dx * dx + dy * dy, anchor});
    }
  }
  const auto count = std::min(static_cast<size_t>(wanted), cells.size());
  std::partial_sort(cells.begin(), cells.begin() + static_cast<std::ptrdiff_t>(count), cells.end());
  for (size_t i = 0; i < count; ++i) nearest.push_back(cells[i].anchor);
}

/// Mean + unbiased standard deviation.
double threshold_of(std::span<const double> values) {
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  const auto count = static_cast<double>(values.size());
  const double mean = sum / count;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return values.size() < 2 ? mean : mean + std::sqrt(squares / (count - 1));
}

}  // namespace

Assignment assign_atss(const AnchorGrid& grid, std::span<const GroundTruth> truths,
                       const ImagePredictions& predicted, const AtssOptions& options) {
  Claims claims;
  std::vector<int64_t> candidates;
  std::vector<double> overlaps;
  for (size_t t = 0; t < truths.size(); ++t) {
    candidates.clear();
    overlaps.clear();
    for (const Level& level : grid.levels()) {
      add_nearest(grid, level, truths[t], options.candidates_per_level, candidates);
    }
    for (const int64_t anchor : candidates) overlaps.push_back(square_overlap(truths[t], grid, anchor));
    const double threshold = threshold_of(overlaps);
    for (size_t i = 0; i < candidates.size(); ++i) {
      const int64_t anchor = candidates[i];
      if (overlaps[i] > threshold && contains(truths[t], grid.x_px(anchor), grid.y_px(anchor))) {
        claims.emplace_back(anchor, static_cast<int64_t>(t));
      }
    }
  }
  const auto resolved = resolve_conflicts(
      std::move(claims), static_cast<int64_t>(truths.size()), [&](int64_t truth, int64_t anchor) {
        return square_overlap(truths[static_cast<size_t>(truth)], grid, anchor);
      });
  Assignment assignment;
  for (const auto& [anchor, truth] : resolved) {
    assignment.push_back(
        {anchor, truth, overlap(truths[static_cast<size_t>(truth)], predicted.boxes + anchor * 4)});
  }
  return assignment;
}

}  // namespace y6q::train
