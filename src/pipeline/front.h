#pragma once

#include <string>
#include <vector>

#include "report/html.h"

namespace y6q::pipeline {

/// A model between speed and accuracy.
struct FrontPoint {
  std::string name;
  double ms = 0;       ///< > 0
  double map = 0;      ///< 0..1
  std::string path{};  ///< what a click opens, relative to the page; empty: nothing
};

/// Those than which no other is at least as fast and at least as accurate, and better in one of them;
/// fastest first.
std::vector<FrontPoint> front_of(std::vector<FrontPoint> points);

/// All points, and a line through those of the front.
report::LineChart front_chart(const std::vector<FrontPoint>& points);

}  // namespace y6q::pipeline
