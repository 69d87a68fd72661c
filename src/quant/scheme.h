#pragma once

#include <cstdint>
#include <optional>

#include "base/names.h"

namespace y6q::quant {

/// For whom integers are chosen.
enum class Scheme {
  tensorrt,  ///< everything signed, as TensorRT wants it
  cpu        ///< unsigned where a value cannot be negative: one more bit after a ReLU, and fast on VNNI
};

constexpr auto names_of(Scheme) {
  return name_table<Scheme>("quantization scheme", {{Scheme::tensorrt, "tensorrt"}, {Scheme::cpu, "cpu"}});
}

/// Bits of the weights: what is wanted, else 8 for tensorrt and 7 for cpu. x86 CPUs without VNNI or AMX add
/// pairs of products of an unsigned and a signed byte in 16 bits and saturate; with 7 bits (codes -63 to 63)
/// every sum fits, 2 * 255 * 63 = 32130. tensorrt takes 8 only, cpu 7 or 8. Throws UsageError.
int64_t weight_bits(Scheme scheme, std::optional<int64_t> wanted = {});

}  // namespace y6q::quant
