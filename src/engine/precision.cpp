#include "base/errors.h"
#include "engine/engine.h"

namespace y6q::engine {

std::string_view to_text(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return "fp32";
    case Precision::bf16:
      return "bf16";
    case Precision::int8:
      return "int8";
  }
  return "?";
}

Precision precision_from_text(std::string_view text) {
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    if (to_text(precision) == text) return precision;
  }
  throw UnsupportedError("precision '{}' is not known; fp32, bf16 and int8 are", text);
}

}  // namespace y6q::engine
