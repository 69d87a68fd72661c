#include "quant/scheme.h"

namespace y6q::quant {
namespace {

void require_bits(Scheme scheme, int64_t bits) {
  if (scheme == Scheme::tensorrt && bits != 8) {
    throw UsageError("weights of {} bits: scheme tensorrt has 8; use scheme cpu for 7", bits);
  }
  if (bits != 7 && bits != 8) {
    throw UsageError(
        "weights of {} bits: 7 (right on every CPU) and 8 (CPUs with VNNI or AMX) are accepted for scheme "
        "cpu",
        bits);
  }
}

}  // namespace

Rules rules_of(Scheme scheme, const Wishes& wishes) {
  Rules rules = scheme == Scheme::tensorrt ? Rules{.weight_bits = 8,
                                                   .round_results = true,
                                                   .half_scales = true,
                                                   .transposed = Transposed::per_tensor}
                                           : Rules{.weight_bits = 7, .unsigned_where_possible = true};
  rules.weight_bits = wishes.weight_bits.value_or(rules.weight_bits);
  rules.transposed = wishes.transposed.value_or(rules.transposed);
  require_bits(scheme, rules.weight_bits);
  return rules;
}

}  // namespace y6q::quant
