#pragma once

#include <string>
#include <vector>

#include "report/html.h"

namespace y6q::report {

inline constexpr size_t kSeriesStyles =
    6;  ///< colours and dashes of html_style.cpp; further series start again

/// <svg> … </svg>, coloured through the classes s0 … s5 of the page's style.
std::string to_svg(const LineChart& chart);

/// Round numbers from at most low to at least high, in about `count` steps. high - low > 0, and not below the
/// resolution of the two.
std::vector<double> axis_ticks(double low, double high, int count);

}  // namespace y6q::report
