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

/// The weights of transposed convolutions.
enum class Transposed {
  per_tensor,   ///< one range: right in every runtime
  per_channel,  ///< one range an output channel (axis 1): TensorRT 8 computes it wrongly (spec/08 §3)
  unquantized   ///< the layer stays float
};

constexpr auto names_of(Transposed) {
  return name_table<Transposed>("weights of transposed convolutions",
                                {{Transposed::per_tensor, "per-tensor"},
                                 {Transposed::per_channel, "per-channel"},
                                 {Transposed::unquantized, "float"}});
}

/// What a scheme does to the numbers of a network.
struct Rules {
  int64_t weight_bits = 8;
  bool unsigned_where_possible = false;  ///< activations that cannot be negative have codes from 0
  /// The result of a quantized layer is rounded also where only float layers read it: integers are what the
  /// layer writes (implicit quantization, spec/08 §4).
  bool round_results = false;
  bool half_scales = false;  ///< every scale is an FP16 number (quant/half_scale.h)
  Transposed transposed = Transposed::per_channel;
};

/// What the user may want otherwise than the scheme has it.
struct Wishes {
  std::optional<int64_t> weight_bits = {};
  std::optional<Transposed> transposed = {};
};

/// tensorrt: weights of 8 bits, nothing else; results rounded, FP16 scales, one range for the weights of a
/// transposed convolution, so that one model is right in TensorRT 8 to 11. cpu: weights of 7 bits, or 8. x86
/// CPUs without VNNI or AMX add pairs of products of an unsigned and a signed byte in 16 bits and saturate;
/// with 7 bits (codes -63 to 63) every sum fits, 2 * 255 * 63 = 32130. Throws UsageError.
Rules rules_of(Scheme scheme, const Wishes& wishes = {});

}  // namespace y6q::quant
