#pragma once

#include <string>

namespace y6q {

/// What this CPU has for low-precision arithmetic; printed with every benchmark.
struct Isa {
  bool avx2 = false, avx512 = false, avx512_vnni = false, avx_vnni = false, avx512_bf16 = false;
  bool amx_int8 = false, amx_bf16 = false;

  bool fast_int8() const { return avx512_vnni || avx_vnni || amx_int8; }
  /// E.g. "avx512+vnni+bf16", "avx512+vnni+bf16+amx", "avx2".
  std::string name() const;
};

Isa detect_isa();

}  // namespace y6q
