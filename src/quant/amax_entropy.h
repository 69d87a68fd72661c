#pragma once

#include "quant/histogram.h"

namespace y6q::quant {

/// The range whose distribution, squeezed into `levels` groups of bins, diverges least from the whole one
/// (Kullback-Leibler; spec/04 §3.5): for i = levels … bins the first i bins are kept, what lies beyond is
/// added to bin i - 1; the last i with the least divergence gives edge(i). Ranges that keep no value count as
/// infinitely far. levels: 128 for signed 8 bit, 256 for unsigned. 0 only when nothing but zeros was seen.
/// Throws InputError when nothing was observed, UsageError for levels outside [2, 2047].
float amax_by_entropy(const Histogram& histogram, int levels);

}  // namespace y6q::quant
