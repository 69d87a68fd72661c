#pragma once

#include "quant/histogram.h"

namespace y6q::quant {

/// Left end of the first bin up to whose right end `percentile` % of the values lie (spec/04 §3.3); of bin 0,
/// its right end, so that the result is 0 only when nothing but zeros was seen. Percentile in (0, 100].
/// Throws UsageError (percentile) or InputError (nothing observed).
float amax_by_percentile(const Histogram& histogram, double percentile);

}  // namespace y6q::quant
