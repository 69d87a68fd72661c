#include "quant/fake_quant.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/errors.h"
#include "base/half.h"

namespace y6q::quant {
namespace {

void require_length(size_t length, size_t other) {
  if (length != other) throw InternalError("fake quantization: spans of {} and {} values", length, other);
}

/// Half to even, for |x| <= 2^22: adding 1.5 * 2^23 leaves no bits for a fraction. Unlike std::nearbyint it
/// vectorises on every CPU.
float round_small(float x) {
  constexpr float kShift = 12582912.0F;
  return (x + kShift) - kShift;
}

/// The ends are whole numbers, so clamping before rounding gives the same; NaN stays NaN.
float code_of(float x, float factor, float low, float high) {
  return round_small(std::min(std::max(x * factor, low), high));
}

// Multiplications, additions and divisions of one number each: every width gives the same bits. GCC 12
// crashes on clones under sanitizers.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define Y6Q_ANY_WIDTH
#else
#define Y6Q_ANY_WIDTH __attribute__((target_clones("avx512f", "avx2", "default")))
#endif

float to_float(float x) { return x; }
float to_float(Bf16 x) { return widen_bfloat16(x.bits); }

void assign(float& to, float value) { to = value; }
void assign(Bf16& to, float value) { to.bits = narrow_bfloat16(value); }

/// x where the gradient flows, else 0. A selection: a branch would be taken at random and keep the loop from
/// vectorising, and so would && in what is asked.
float kept(float x, bool flows) { return flows ? x : 0.0F; }
Bf16 kept(Bf16 x, bool flows) { return {static_cast<uint16_t>(flows ? x.bits : 0)}; }

template <typename Element>
[[gnu::always_inline]] inline void fake_quantize_all(const Element* x, size_t count, float factor, float low,
                                                     float high, Element* y) {
  for (size_t i = 0; i < count; ++i) assign(y[i], code_of(to_float(x[i]), factor, low, high) / factor);
}

template <typename Element>
[[gnu::always_inline]] inline void gradient_all(const Element* x, const Element* upstream, size_t count,
                                                float low, float high, Element* gradient) {
  for (size_t i = 0; i < count; ++i) {
    const float value = to_float(x[i]);
    gradient[i] = kept(upstream[i], (value >= low) & (value <= high));
  }
}

Y6Q_ANY_WIDTH void fake_quantize_block(const float* x, size_t count, float factor, float low, float high,
                                       float* y) {
  fake_quantize_all(x, count, factor, low, high, y);
}
Y6Q_ANY_WIDTH void fake_quantize_block(const Bf16* x, size_t count, float factor, float low, float high,
                                       Bf16* y) {
  fake_quantize_all(x, count, factor, low, high, y);
}

Y6Q_ANY_WIDTH void gradient_block(const float* x, const float* upstream, size_t count, float low, float high,
                                  float* gradient) {
  gradient_all(x, upstream, count, low, high, gradient);
}
Y6Q_ANY_WIDTH void gradient_block(const Bf16* x, const Bf16* upstream, size_t count, float low, float high,
                                  Bf16* gradient) {
  gradient_all(x, upstream, count, low, high, gradient);
}

template <typename Element>
void fake_quantize_span(std::span<const Element> x, float amax, IntegerRange range, std::span<Element> y,
                        bool rectifies) {
  require_length(x.size(), y.size());
  if (amax <= kZeroRange) {
    std::fill(y.begin(), y.end(), Element{});
    return;
  }
  const auto low = static_cast<float>(rectifies ? 0 : range.low), high = static_cast<float>(range.high);
  fake_quantize_block(x.data(), x.size(), high / amax, low, high, y.data());
}

template <typename Element>
void gradient_span(std::span<const Element> x, std::span<const Element> upstream, float amax,
                   IntegerRange range, std::span<Element> gradient, bool rectifies) {
  require_length(x.size(), upstream.size());
  require_length(x.size(), gradient.size());
  constexpr float kAboveZero = std::numeric_limits<float>::denorm_min();
  const float low = rectifies ? kAboveZero : range.low < 0 ? -amax : 0.0F;
  gradient_block(x.data(), upstream.data(), x.size(), low, amax, gradient.data());
}

}  // namespace

IntegerRange integer_range(int64_t bits, bool is_signed, bool narrow) {
  if (bits < 2 || bits > 16) throw InternalError("quantizer of {} bits: 2 to 16 are accepted", bits);
  if (!is_signed) return {0, (1 << bits) - 1};
  const int32_t high = (1 << (bits - 1)) - 1;
  return {narrow ? -high : -high - 1, high};
}

float step_size(float amax, IntegerRange range) {
  return amax <= kZeroRange ? 0x1p30F : amax / static_cast<float>(range.high);
}

void fake_quantize(std::span<const float> x, float amax, IntegerRange range, std::span<float> y,
                   bool rectifies) {
  fake_quantize_span(x, amax, range, y, rectifies);
}
void fake_quantize(std::span<const Bf16> x, float amax, IntegerRange range, std::span<Bf16> y,
                   bool rectifies) {
  fake_quantize_span(x, amax, range, y, rectifies);
}

void quantize(std::span<const float> x, float amax, IntegerRange range, std::span<int32_t> codes) {
  require_length(x.size(), codes.size());
  if (amax <= kZeroRange) {
    std::fill(codes.begin(), codes.end(), 0);
    return;
  }
  const auto low = static_cast<float>(range.low), high = static_cast<float>(range.high);
  const float factor = high / amax;
  for (size_t i = 0; i < x.size(); ++i) {
    const float code = code_of(x[i], factor, low, high);
    codes[i] = std::isnan(code) ? 0 : static_cast<int32_t>(code);
  }
}

void fake_quantize_gradient(std::span<const float> x, std::span<const float> upstream, float amax,
                            IntegerRange range, std::span<float> gradient, bool rectifies) {
  gradient_span(x, upstream, amax, range, gradient, rectifies);
}
void fake_quantize_gradient(std::span<const Bf16> x, std::span<const Bf16> upstream, float amax,
                            IntegerRange range, std::span<Bf16> gradient, bool rectifies) {
  gradient_span(x, upstream, amax, range, gradient, rectifies);
}

}  // namespace y6q::quant
