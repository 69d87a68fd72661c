#include "data/synth_shape.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace y6q::data {
namespace {

enum Shape : int64_t { kDisc, kSquare, kTriangle, kCross, kStar, kRing };

bool in_polygonal_wedge(double u, double v, int64_t points, double inner) {
  // Folds the plane into one half wedge between a tip (radius 1) and a notch (radius `inner`).
  const double half = std::numbers::pi / static_cast<double>(points);
  const double radius = std::hypot(u, v);
  double angle = std::fmod(std::atan2(v, u) + 4 * std::numbers::pi, 2 * half);
  if (angle > half) angle = 2 * half - angle;
  const double x = radius * std::cos(angle), y = radius * std::sin(angle);
  const double nx = inner * std::cos(half), ny = inner * std::sin(half);
  return (nx - 1) * y - ny * (x - 1) >= 0;  // on the origin's side of the edge from (1, 0) to the notch
}

}  // namespace

std::string synth_shape_name(int64_t shape) {
  static const std::array<std::string, kSynthShapeCount> kNames{"disc",  "square", "triangle",
                                                                "cross", "star",   "ring"};
  return kNames.at(static_cast<size_t>(shape));
}

bool synth_shape_covers(int64_t shape, double u, double v) {
  const double radius2 = u * u + v * v;
  if (radius2 > 1) return false;
  switch (shape) {
    case kSquare:
      return std::max(std::abs(u), std::abs(v)) <= std::numbers::sqrt2 / 2;
    case kTriangle:
      return in_polygonal_wedge(u, v, 3, 0.5);
    case kCross:
      return std::min(std::abs(u), std::abs(v)) <= 0.28;
    case kStar:
      return in_polygonal_wedge(u, v, 5, 0.42);
    case kRing:
      return radius2 >= 0.55 * 0.55;
    default:
      return true;
  }
}

double synth_coverage(int64_t shape, const SynthPose& pose, int64_t x, int64_t y) {
  constexpr int kSamples = 3;
  const double c = std::cos(pose.angle), s = std::sin(pose.angle);
  int covered = 0;
  for (int i = 0; i < kSamples; ++i) {
    for (int j = 0; j < kSamples; ++j) {
      const double dx = static_cast<double>(x) + (i + 0.5) / kSamples - pose.x;
      const double dy = static_cast<double>(y) + (j + 0.5) / kSamples - pose.y;
      covered +=
          synth_shape_covers(shape, (c * dx + s * dy) / pose.radius_u, (c * dy - s * dx) / pose.radius_v);
    }
  }
  return static_cast<double>(covered) / (kSamples * kSamples);
}

}  // namespace y6q::data
