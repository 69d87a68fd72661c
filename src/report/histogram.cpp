#include "report/histogram.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace y6q::report {

std::string to_svg(const Histogram& histogram) {
  constexpr double kWidth = 256, kHeight = 56, kDecades = 6;
  std::string svg = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\"><path class=\"area\" d=\"M0 {}",
                                kWidth, kHeight, kHeight);
  const double width = kWidth / static_cast<double>(std::max<size_t>(histogram.shares.size(), 1));
  for (size_t i = 0; i < histogram.shares.size(); ++i) {
    const double share = histogram.shares[i];
    const double height = share > 0 ? std::max(0.0, 1 + std::log10(share) / kDecades) * kHeight : 0;
    svg += fmt::format("V{:.1f}H{:.1f}", kHeight - height, static_cast<double>(i + 1) * width);
  }
  svg += fmt::format("V{}Z\"/>", kHeight);
  const double limit = std::clamp(histogram.limit, 0.0, 1.0) * kWidth;
  return svg + fmt::format("<path class=\"limit\" d=\"M{:.1f} 0V{}\"/></svg>", limit, kHeight);
}

}  // namespace y6q::report
