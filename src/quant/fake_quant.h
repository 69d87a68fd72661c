#pragma once

#include <cstdint>
#include <span>

/// Fake quantization, the one definition: what simulation, bias correction, exported files and calibration
/// caches compute. (ir::interpret has its own, to judge this one.)
namespace y6q::quant {

/// The integers of a quantizer, both ends included.
struct IntegerRange {
  int32_t low = -128, high = 127;
  bool operator==(const IntegerRange&) const = default;
};

/// Signed: [-2^(bits-1), 2^(bits-1) - 1], without the lowest when narrow. Unsigned: [0, 2^bits - 1].
/// bits 2..16. Throws InternalError.
IntegerRange integer_range(int64_t bits, bool is_signed, bool narrow = false);

/// Ranges up to here count as zero (spec/04 §1.1): nothing but zeros was seen, and nothing but zeros comes
/// out.
inline constexpr float kZeroRange = 0x1p-24F;

/// What one integer step stands for: amax / range.high. For a range of zero a step so large (2^30) that the
/// integers of all that a network computes are 0, and products of two such steps are still finite: a file has
/// to divide by something.
float step_size(float amax, IntegerRange range);

/// A BF16 number (base/half.h).
struct Bf16 {
  uint16_t bits = 0;
};

/// y = clamp(round_half_even(x S), low, high) / S with S = high / amax in float32 (spec/04 §1.1); 0
/// everywhere when amax <= kZeroRange. rectifies: of max(x, 0). x and y have one length and may be the same
/// memory. NaN stays NaN. amax >= 0. On one thread; per-channel ranges are one call a slice.
void fake_quantize(std::span<const float> x, float amax, IntegerRange range, std::span<float> y,
                   bool rectifies = false);

/// The same in float32 between a BF16 x and a y that is rounded to BF16, half to even.
void fake_quantize(std::span<const Bf16> x, float amax, IntegerRange range, std::span<Bf16> y,
                   bool rectifies = false);

/// The integers of the same rule. NaN gives 0.
void quantize(std::span<const float> x, float amax, IntegerRange range, std::span<int32_t> codes);

/// Straight through within the range: upstream where low_x <= x <= amax, else 0; low_x = -amax for signed
/// ranges, 0 for unsigned ones (spec/04 §1.2). rectifies: of max(x, 0), whose slope at 0 is 0: where 0 < x <=
/// amax. All spans have one length; gradient may be upstream's memory.
void fake_quantize_gradient(std::span<const float> x, std::span<const float> upstream, float amax,
                            IntegerRange range, std::span<float> gradient, bool rectifies = false);
void fake_quantize_gradient(std::span<const Bf16> x, std::span<const Bf16> upstream, float amax,
                            IntegerRange range, std::span<Bf16> gradient, bool rectifies = false);

}  // namespace y6q::quant
