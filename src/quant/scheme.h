#pragma once

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

}  // namespace y6q::quant
