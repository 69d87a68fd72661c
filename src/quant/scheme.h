#pragma once

#include <string_view>

namespace y6q::quant {

/// For whom integers are chosen.
enum class Scheme {
  tensorrt,  ///< everything signed, as TensorRT wants it
  cpu        ///< unsigned where a value cannot be negative: one more bit after a ReLU, and fast on VNNI
};

/// "tensorrt", "cpu".
std::string_view name_of(Scheme scheme);
/// Throws UsageError that lists the names.
Scheme scheme_from_name(std::string_view name);

}  // namespace y6q::quant
