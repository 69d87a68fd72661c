#include "quant/amax_max.h"

#include "base/errors.h"

namespace y6q::quant {

float amax_by_max(const Histogram& histogram) {
  if (histogram.total() == 0) throw InputError("range search: no values were observed");
  return histogram.max();
}

}  // namespace y6q::quant
