#include "quant/scheme.h"

namespace y6q::quant {

int64_t weight_bits(Scheme scheme, std::optional<int64_t> wanted) {
  if (scheme == Scheme::tensorrt) {
    if (wanted.value_or(8) == 8) return 8;
    throw UsageError("weights of {} bits: scheme tensorrt has 8; use scheme cpu for 7", *wanted);
  }
  const int64_t bits = wanted.value_or(7);
  if (bits == 7 || bits == 8) return bits;
  throw UsageError(
      "weights of {} bits: 7 (right on every CPU) and 8 (CPUs with VNNI or AMX) are accepted for scheme cpu",
      bits);
}

}  // namespace y6q::quant
