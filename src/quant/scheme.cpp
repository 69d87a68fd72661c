#include "quant/scheme.h"

#include "base/errors.h"

namespace y6q::quant {

std::string_view name_of(Scheme scheme) { return scheme == Scheme::cpu ? "cpu" : "tensorrt"; }

Scheme scheme_from_name(std::string_view name) {
  for (const Scheme scheme : {Scheme::tensorrt, Scheme::cpu}) {
    if (name_of(scheme) == name) return scheme;
  }
  throw UsageError("quantization scheme '{}': tensorrt, cpu are accepted", name);
}

}  // namespace y6q::quant
