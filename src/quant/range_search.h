#pragma once

#include "base/names.h"
#include "quant/histogram.h"

namespace y6q::quant {

enum class RangeMethod { max, percentile, mse, entropy };

constexpr auto names_of(RangeMethod) {
  return name_table<RangeMethod>("range method", {{RangeMethod::max, "max"},
                                                  {RangeMethod::percentile, "percentile"},
                                                  {RangeMethod::mse, "mse"},
                                                  {RangeMethod::entropy, "entropy"}});
}

struct RangeSearch {
  RangeMethod method = RangeMethod::max;
  double percentile = 99.99;  ///< for percentile
  int levels = 128;           ///< for mse, entropy: 128 for signed 8 bit, 256 for unsigned
};

/// The largest magnitude to represent, >= 0; 0 only when nothing but zeros was seen.
/// Throws InputError when nothing was observed.
float search_amax(const Histogram& histogram, const RangeSearch& search);

}  // namespace y6q::quant
