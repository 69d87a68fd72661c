#include "base/isa.h"

#include <cpuid.h>

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

std::string Isa::name() const {
  std::string text = avx512 ? "avx512" : avx2 ? "avx2" : "baseline";
  if (avx512_vnni || avx_vnni) text += "+vnni";
  if (avx512_bf16) text += "+bf16";
  if (amx_int8 || amx_bf16) text += "+amx";
  return text;
}

}  // namespace y6q
