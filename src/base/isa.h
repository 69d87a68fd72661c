#pragma once

#include <string>
#include <string_view>

namespace y6q {

/// What a CPU has for low-precision arithmetic; printed with every benchmark.
struct Isa {
  bool avx2 = false, avx512 = false, avx512_vnni = false, avx_vnni = false, avx512_bf16 = false;
  bool amx_int8 = false, amx_bf16 = false;

  /// Products of bytes are summed in 32 bits: fast, and right for every integer. Without it oneDNN's kernels
  /// (of OpenVINO, LibTorch) add pairs of products of an unsigned and a signed byte in 16 bits, and saturate.
  bool fast_int8() const { return avx512_vnni || avx_vnni || amx_int8; }
  /// E.g. "avx512+vnni+bf16", "avx512+vnni+bf16+amx", "avx2".
  std::string name() const;
  bool operator==(const Isa&) const = default;
};

/// What this CPU has.
Isa detect_isa();

/// What of it oneDNN's kernels use: the environment variable ONEDNN_MAX_CPU_ISA, or DNNL_MAX_CPU_ISA where
/// that is not set, restricts them.
Isa kernel_isa();

/// `isa` restricted to one of oneDNN's names, in any case of letters: "AVX2", "AVX512_CORE_VNNI". Names that
/// oneDNN does not know restrict nothing, as there.
Isa restricted(const Isa& isa, std::string_view limit);

}  // namespace y6q
