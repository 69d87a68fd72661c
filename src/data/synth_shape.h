#pragma once

#include <cstdint>
#include <string>

#include "base/random.h"

namespace y6q::data {

constexpr int64_t kSynthShapeCount = 6;

/// "disc", "square", "triangle", "cross", "star", "ring": the classes of generated data sets, told apart by
/// form.
std::string synth_shape_name(int64_t shape);

/// Whether the shape, inscribed in the unit circle, covers the point.
bool synth_shape_covers(int64_t shape, double u, double v);

/// A shape lying in an image; pixels, radians.
struct SynthPose {
  double x = 0, y = 0;  ///< centre
  double radius_u = 1, radius_v = 1;
  double angle = 0;
};

/// Share of the pixel [x, x+1) x [y, y+1) that the shape covers, by 3 x 3 samples.
double synth_coverage(int64_t shape, const SynthPose& pose, int64_t x, int64_t y);

}  // namespace y6q::data
