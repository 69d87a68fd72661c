#pragma once

#include "quant/histogram.h"

namespace y6q::quant {

/// The bin centre, of bins levels, levels + 1, …, that as amax gives the least squared error when every bin's
/// centre is rounded to the steps amax / (levels - 1); of equal ones the first (spec/04 §3.4). levels: 128
/// for signed 8 bit, 256 for unsigned. 0 only when nothing but zeros was seen. Throws InputError when nothing
/// was observed, UsageError for levels outside [2, 2047].
float amax_by_mse(const Histogram& histogram, int levels);

}  // namespace y6q::quant
