#include "quant/range_search.h"

#include "base/errors.h"
#include "quant/amax_entropy.h"
#include "quant/amax_max.h"
#include "quant/amax_mse.h"
#include "quant/amax_percentile.h"

namespace y6q::quant {

float search_amax(const Histogram& histogram, const RangeSearch& search) {
  switch (search.method) {
    case RangeMethod::max:
      return amax_by_max(histogram);
    case RangeMethod::percentile:
      return amax_by_percentile(histogram, search.percentile);
    case RangeMethod::mse:
      return amax_by_mse(histogram, search.levels);
    case RangeMethod::entropy:
      return amax_by_entropy(histogram, search.levels);
  }
  throw InternalError("range search: method {}", static_cast<int>(search.method));
}

}  // namespace y6q::quant
