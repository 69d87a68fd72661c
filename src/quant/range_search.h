#pragma once

#include <span>
#include <string_view>

#include "quant/histogram.h"

namespace y6q::quant {

enum class RangeMethod { max, percentile, mse, entropy };

struct RangeSearch {
  RangeMethod method = RangeMethod::max;
  double percentile = 99.99;  ///< for percentile
  int levels = 128;           ///< for mse, entropy: 128 for signed 8 bit, 256 for unsigned
};

/// The largest magnitude to represent, >= 0; 0 only when nothing but zeros was seen.
/// Throws InputError when nothing was observed.
float search_amax(const Histogram& histogram, const RangeSearch& search);

/// "max", "percentile", "mse", "entropy".
std::string_view name_of(RangeMethod method);
/// Throws UsageError that lists the names.
RangeMethod range_method_from_name(std::string_view name);
/// All of them, in the order of the enumeration.
std::span<const RangeMethod> range_methods();

}  // namespace y6q::quant
