#include "quant/amax_max.h"

namespace y6q::quant {

float amax_by_max(const Histogram& histogram) {
  histogram.require_searchable();
  return histogram.max();
}

}  // namespace y6q::quant
