#pragma once

#include <bit>
#include <cstdint>

namespace y6q::formats {

/// IEEE 754 binary16, exactly.
inline float widen_half(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16;
  const uint32_t exponent = (half >> 10) & 0x1fU, fraction = half & 0x3ffU;
  if (exponent == 0) {  // zero or subnormal: fraction * 2^-24
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
  }
  const uint32_t wide = exponent == 0x1f ? 0xffU : exponent + 112;  // bias 127 - 15
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

/// The upper half of a float32.
inline float widen_bfloat16(uint16_t value) { return std::bit_cast<float>(uint32_t{value} << 16); }

}  // namespace y6q::formats
