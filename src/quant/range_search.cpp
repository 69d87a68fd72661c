#include "quant/range_search.h"

#include <string>

#include "base/errors.h"
#include "quant/amax_entropy.h"
#include "quant/amax_max.h"
#include "quant/amax_mse.h"
#include "quant/amax_percentile.h"

namespace y6q::quant {
namespace {

constexpr RangeMethod kMethods[] = {RangeMethod::max, RangeMethod::percentile, RangeMethod::mse,
                                    RangeMethod::entropy};

}  // namespace

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

std::string_view name_of(RangeMethod method) {
  switch (method) {
    case RangeMethod::max:
      return "max";
    case RangeMethod::percentile:
      return "percentile";
    case RangeMethod::mse:
      return "mse";
    case RangeMethod::entropy:
      return "entropy";
  }
  throw InternalError("range search: method {}", static_cast<int>(method));
}

std::span<const RangeMethod> range_methods() { return kMethods; }

RangeMethod range_method_from_name(std::string_view name) {
  std::string accepted;
  for (const RangeMethod method : kMethods) {
    if (name_of(method) == name) return method;
    accepted += (accepted.empty() ? "" : ", ") + std::string(name_of(method));
  }
  throw UsageError("range method '{}': {} are accepted", name, accepted);
}

}  // namespace y6q::quant
