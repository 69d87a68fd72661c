#include "data/rectangular.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace y6q::data {

RectangularPlan plan_rectangular(std::span<const image::Size> sizes, const RectangularOptions& options) {
  std::vector<double> aspects;
  for (const image::Size& size : sizes) {
    aspects.push_back(static_cast<double>(size.width) / static_cast<double>(size.height));
  }
  RectangularPlan plan;
  plan.order.resize(sizes.size());
  std::iota(plan.order.begin(), plan.order.end(), 0);
  std::ranges::stable_sort(plan.order, {}, [&](int64_t i) { return aspects[static_cast<size_t>(i)]; });
  auto padded = [&](double fraction) {
    const double strides =
        fraction * static_cast<double>(options.image_size) / static_cast<double>(options.stride);
    return static_cast<int64_t>(std::ceil(strides + options.pad)) * options.stride;
  };
  const auto batch = static_cast<size_t>(options.batch_size);
  for (size_t first = 0; first < sizes.size(); first += batch) {
    const size_t last = std::min(first + batch, sizes.size()) - 1;
    const double low = aspects[static_cast<size_t>(plan.order[first])];
    const double high = aspects[static_cast<size_t>(plan.order[last])];
    // h / w of the batch's rows: all tall -> as wide as the widest; all wide -> as tall as the tallest.
    const double height = low > 1 ? 1 / low : 1, width = high < 1 ? high : 1;
    plan.shapes.push_back({padded(height), padded(width)});
  }
  return plan;
}

}  // namespace y6q::data
