#include "quant/amax_percentile.h"

#include "base/errors.h"

namespace y6q::quant {

float amax_by_percentile(const Histogram& histogram, double percentile) {
  if (!(percentile > 0 && percentile <= 100)) {
    throw UsageError("range search: percentile {}, more than 0 and at most 100 are accepted", percentile);
  }
  histogram.require_searchable();
  const auto counts = histogram.counts();
  const double wanted = percentile / 100 * static_cast<double>(histogram.total());
  uint64_t below = 0;
  int64_t bin = 0;
  for (; bin + 1 < histogram.bins(); ++bin) {
    below += counts[static_cast<size_t>(bin)];
    if (static_cast<double>(below) >= wanted) break;
  }
  return histogram.edge(bin == 0 ? 1 : bin);
}

}  // namespace y6q::quant
