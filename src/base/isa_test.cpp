#include "base/isa.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace y6q {
namespace {

constexpr Isa kServer{.avx2 = true,
                      .avx512 = true,
                      .avx512_vnni = true,
                      .avx_vnni = true,
                      .avx512_bf16 = true,
                      .amx_int8 = true,
                      .amx_bf16 = true};

TEST(Isa, IsRestrictedByOneDnnsNames) {
  EXPECT_EQ(restricted(kServer, "AVX2").name(), "avx2");
  EXPECT_EQ(restricted(kServer, "avx2_vnni").name(), "avx2+vnni");
  EXPECT_EQ(restricted(kServer, "AVX512_CORE").name(), "avx512");
  EXPECT_EQ(restricted(kServer, "AVX512_CORE_VNNI").name(), "avx512+vnni");
  EXPECT_EQ(restricted(kServer, "AVX512_CORE_BF16").name(), "avx512+vnni+bf16");
  EXPECT_EQ(restricted(kServer, "SSE41").name(), "baseline");
  for (const char* whole : {"AVX512_CORE_AMX", "ALL", "DEFAULT", "nonsense", ""}) {
    EXPECT_EQ(restricted(kServer, whole), kServer) << whole;
  }
}

TEST(Isa, IntegersAreExactWithVnniOrAmxAlone) {
  for (const char* saturating : {"SSE41", "AVX2", "AVX512_CORE"}) {
    EXPECT_FALSE(restricted(kServer, saturating).fast_int8()) << saturating;
  }
  for (const char* exact : {"AVX2_VNNI", "AVX512_CORE_VNNI", "ALL"}) {
    EXPECT_TRUE(restricted(kServer, exact).fast_int8()) << exact;
  }
}

TEST(Isa, ARestrictionGivesNothingThatTheCpuLacks) {
  EXPECT_EQ(restricted({.avx2 = true}, "AVX512_CORE_VNNI"), (Isa{.avx2 = true}));
}

TEST(Isa, KernelsHeedTheEnvironmentAndTheNewerNameFirst) {
  const char* found = std::getenv("ONEDNN_MAX_CPU_ISA");
  const std::string before = found == nullptr ? "" : found;
  setenv("ONEDNN_MAX_CPU_ISA", "SSE41", 1);
  setenv("DNNL_MAX_CPU_ISA", "ALL", 1);
  EXPECT_EQ(kernel_isa(), Isa{});
  unsetenv("ONEDNN_MAX_CPU_ISA");
  EXPECT_EQ(kernel_isa(), detect_isa());
  setenv("DNNL_MAX_CPU_ISA", "SSE41", 1);
  EXPECT_EQ(kernel_isa(), Isa{});
  unsetenv("DNNL_MAX_CPU_ISA");
  if (found != nullptr) setenv("ONEDNN_MAX_CPU_ISA", before.c_str(), 1);
}

}  // namespace
}  // namespace y6q
