#include "detect/placement.h"

#include <algorithm>

namespace y6q::detect {

Box to_source(const Box& box, const Placement& placement) {
  auto x = [&](float value) {
    const double source =
        (static_cast<double>(value) - static_cast<double>(placement.left)) / placement.gain_x;
    return static_cast<float>(std::clamp(source, 0.0, static_cast<double>(placement.source_width)));
  };
  auto y = [&](float value) {
    const double source =
        (static_cast<double>(value) - static_cast<double>(placement.top)) / placement.gain_y;
    return static_cast<float>(std::clamp(source, 0.0, static_cast<double>(placement.source_height)));
  };
  return {x(box.x1), y(box.y1), x(box.x2), y(box.y2)};
}

void to_source(std::span<Detection> detections, const Placement& placement) {
  for (Detection& detection : detections) detection.box = to_source(detection.box, placement);
}

}  // namespace y6q::detect
