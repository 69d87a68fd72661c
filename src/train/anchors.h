#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace y6q::train {

/// One prediction level: its cells are anchors first … first + height * width - 1, row-major.
struct Level {
  int64_t height = 0, width = 0, stride = 8;
  int64_t first = 0;
  bool operator==(const Level&) const = default;
};

/// The anchor points of all levels, levels in order (spec/01 §3.5).
class AnchorGrid {
 public:
  AnchorGrid() = default;
  /// `first` of the levels is filled in here. Throws InputError on extents or strides that are not positive.
  explicit AnchorGrid(std::vector<Level> levels);

  const std::vector<Level>& levels() const { return levels_; }
  int64_t count() const { return static_cast<int64_t>(x_.size()); }
  /// Centre in stride units: column + 0.5, row + 0.5.
  float x(int64_t anchor) const { return x_[static_cast<size_t>(anchor)]; }
  float y(int64_t anchor) const { return y_[static_cast<size_t>(anchor)]; }
  float stride(int64_t anchor) const { return stride_[static_cast<size_t>(anchor)]; }
  /// Centre in input pixels.
  double x_px(int64_t anchor) const { return static_cast<double>(x(anchor)) * stride(anchor); }
  double y_px(int64_t anchor) const { return static_cast<double>(y(anchor)) * stride(anchor); }

 private:
  std::vector<Level> levels_;
  std::vector<float> x_, y_, stride_;
};

/// The levels of an image whose sides are multiples of every stride.
std::vector<Level> levels_of(int64_t image_height, int64_t image_width, std::span<const int64_t> strides);

/// Distances [A, 4 * (reg_max + 1)] in stride units -> boxes [A, 4] xyxy in input pixels. reg_max 0: the four
/// numbers are l, t, r, b; else each side is the expectation over the softmax of reg_max + 1 bins (spec/01
/// §3.5).
void decode_boxes(const AnchorGrid& grid, const float* distances, int64_t reg_max, float* boxes);

}  // namespace y6q::train
