#pragma once

#include "quant/histogram.h"

namespace y6q::quant {

/// The largest magnitude seen; nothing is clipped (spec/04 §3.1). Throws InputError when nothing was
/// observed.
float amax_by_max(const Histogram& histogram);

}  // namespace y6q::quant
