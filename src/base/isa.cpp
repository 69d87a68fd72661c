#include "base/isa.h"

#include <cpuid.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace y6q {
namespace {

struct Registers {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d);
  return r;
}

bool bit(unsigned word, int index) { return ((word >> index) & 1U) != 0; }

/// oneDNN's names (its documentation, "CPU dispatcher control") and what each of them lets its kernels use.
struct Limit {
  std::string_view name;
  Isa allowed;
};
constexpr Isa kAvx2{.avx2 = true}, kAvx2Vnni{.avx2 = true, .avx_vnni = true},
    kAvx512{.avx2 = true, .avx512 = true}, kAvx512Vnni{.avx2 = true, .avx512 = true, .avx512_vnni = true},
    kAvx512Bf16{.avx2 = true, .avx512 = true, .avx512_vnni = true, .avx512_bf16 = true};
constexpr Limit kLimits[] = {{"SSE41", {}},
                             {"AVX", {}},
                             {"AVX2", kAvx2},
                             {"AVX2_VNNI", kAvx2Vnni},
                             {"AVX2_VNNI_2", kAvx2Vnni},
                             {"AVX512_CORE", kAvx512},
                             {"AVX512_CORE_VNNI", kAvx512Vnni},
                             {"AVX512_CORE_BF16", kAvx512Bf16},
                             {"AVX512_CORE_FP16", kAvx512Bf16},
                             {"AVX10_1_512", kAvx512Bf16}};

const char* environment_limit() {
  const char* limit = std::getenv("ONEDNN_MAX_CPU_ISA");
  return limit != nullptr ? limit : std::getenv("DNNL_MAX_CPU_ISA");
}

}  // namespace

// Bit positions: Intel SDM volume 2, CPUID leaf 7.
Isa detect_isa() {
  Isa isa;
  const Registers leaf7 = cpuid(7, 0);
  const Registers leaf7_1 = cpuid(7, 1);
  isa.avx2 = bit(leaf7.b, 5);
  isa.avx512 = bit(leaf7.b, 16);
  isa.avx512_vnni = bit(leaf7.c, 11);
  isa.amx_bf16 = bit(leaf7.d, 22);
  isa.amx_int8 = bit(leaf7.d, 25);
  isa.avx_vnni = bit(leaf7_1.a, 4);
  isa.avx512_bf16 = bit(leaf7_1.a, 5);
  return isa;
}

Isa kernel_isa() {
  const char* limit = environment_limit();
  return limit == nullptr ? detect_isa() : restricted(detect_isa(), limit);
}

Isa restricted(const Isa& isa, std::string_view limit) {
  const auto same_letter = [](char a, char b) { return a == std::toupper(static_cast<unsigned char>(b)); };
  for (const auto& [name, allowed] : kLimits) {
    if (!std::ranges::equal(name, limit, same_letter)) continue;
    return {.avx2 = isa.avx2 && allowed.avx2,
            .avx512 = isa.avx512 && allowed.avx512,
            .avx512_vnni = isa.avx512_vnni && allowed.avx512_vnni,
            .avx_vnni = isa.avx_vnni && allowed.avx_vnni,
            .avx512_bf16 = isa.avx512_bf16 && allowed.avx512_bf16};
  }
  return isa;
}

std::string Isa::name() const {
  std::string text = avx512 ? "avx512" : avx2 ? "avx2" : "baseline";
  if (avx512_vnni || avx_vnni) text += "+vnni";
  if (avx512_bf16) text += "+bf16";
  if (amx_int8 || amx_bf16) text += "+amx";
  return text;
}

}  // namespace y6q
