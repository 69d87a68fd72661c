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

}  // namespace y6q::engine
