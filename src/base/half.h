#pragma once

#include <bit>
#include <cstdint>

namespace y6q {

/// The largest finite number of IEEE 754 binary16, and the smallest above zero (subnormal).
inline constexpr float kLargestHalf = 65504, kSmallestHalf = 0x1p-24F;

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

/// The nearest number of binary16, of two the even one; what rounds to more than kLargestHalf becomes
/// infinity, NaN stays NaN.
inline uint16_t narrow_half(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000U);
  uint32_t magnitude = bits & 0x7fffffffU;
  if (magnitude > 0x7f800000U) return sign | 0x7e00U;
  if (magnitude >= 0x47800000U) return sign | 0x7c00U;  // 2^16 and beyond
  if (magnitude < 0x38800000U) {                        // below 2^-14: a multiple of 2^-24
    // Adding 1/2 leaves the multiple in the lowest bits, rounded half to even by the addition itself.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return sign | static_cast<uint16_t>(std::bit_cast<uint32_t>(shifted) - 0x3f000000U);
  }
  magnitude += 0xfffU + (magnitude >> 13 & 1U);  // may carry into the exponent: rightly, up to infinity
  return sign | static_cast<uint16_t>((magnitude - 0x38000000U) >> 13);
}

/// BF16 is the upper half of a float32.
inline float widen_bfloat16(uint16_t value) { return std::bit_cast<float>(uint32_t{value} << 16); }

/// The nearest number of BF16, of two the even one; NaN stays NaN, with its sign and upper bits.
inline uint16_t narrow_bfloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = bits + 0x7fffU + (bits >> 16 & 1U), quiet = bits | 0x400000U;
  return static_cast<uint16_t>((value == value ? rounded : quiet) >> 16);
}

}  // namespace y6q
