#include "quant/half_scale.h"

#include <cmath>

#include "base/errors.h"
#include "base/half.h"

namespace y6q::quant {

float range_of_half_step(float amax, IntegerRange range) {
  if (amax <= kZeroRange) return amax;
  const auto high = static_cast<float>(range.high);
  uint16_t half = narrow_half(amax / high);
  // 11 bits times 8 bits are exact in float32. The next number of FP16 has the next bit pattern.
  if (widen_half(half) * high < amax) ++half;
  const float step = widen_half(half);
  if (!std::isfinite(step)) {
    throw InputError(
        "a range of {} has the step {}; FP16 ends at {}: the network computes numbers that half precision "
        "does not hold",
        amax, amax / high, kLargestHalf);
  }
  return step * high;
}

bool has_half_step(float amax, IntegerRange range) {
  return amax <= kZeroRange || range_of_half_step(amax, range) == amax;
}

}  // namespace y6q::quant
