#include "quant/fake_quant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "base/errors.h"

namespace y6q::quant {
namespace {

using testing::ElementsAre;
using testing::FloatEq;
using testing::NanSensitiveFloatEq;

std::vector<float> fake(const std::vector<float>& x, float amax, IntegerRange range) {
  std::vector<float> y(x.size());
  fake_quantize(x, amax, range, y);
  return y;
}

std::vector<int32_t> codes(const std::vector<float>& x, float amax, IntegerRange range) {
  std::vector<int32_t> result(x.size());
  quantize(x, amax, range, result);
  return result;
}

TEST(IntegerRange, HasOneMoreNegativeUnlessNarrow) {
  EXPECT_EQ(integer_range(8, true), (IntegerRange{-128, 127}));
  EXPECT_EQ(integer_range(8, true, true), (IntegerRange{-127, 127}));
  EXPECT_EQ(integer_range(8, false), (IntegerRange{0, 255}));
  EXPECT_EQ(integer_range(4, true), (IntegerRange{-8, 7}));
  EXPECT_THROW(integer_range(1, true), InternalError);
  EXPECT_THROW(integer_range(17, false), InternalError);
}

TEST(FakeQuantize, GivesTheSpecifiedNumbers) {  // spec/04 §3.6
  EXPECT_THAT(fake({0.3F, 0.5F, -1.004F, 5}, 1, integer_range(8, true)),
              ElementsAre(FloatEq(0.2992126F), FloatEq(0.5039370F), FloatEq(-1.0078740F), FloatEq(1)));
  EXPECT_THAT(codes({0.3F, 0.5F, -1.004F, 5}, 1, integer_range(8, true)), ElementsAre(38, 64, -128, 127));
}

TEST(FakeQuantize, TiesGoToEvenIntegers) {
  EXPECT_THAT(codes({0.5F, 1.5F, 2.5F, -0.5F, -1.5F, -2.5F, 126.5F}, 127, integer_range(8, true)),
              ElementsAre(0, 2, 2, 0, -2, -2, 126));
}

TEST(FakeQuantize, UnsignedHasOneMoreBitAndNoNegatives) {
  EXPECT_THAT(codes({-3, 0, 1, 254.6F, 300}, 255, integer_range(8, false)), ElementsAre(0, 0, 1, 255, 255));
  EXPECT_THAT(fake({-3, 0.5F}, 2, integer_range(8, false)), ElementsAre(0, FloatEq(64.0F * 2 / 255)));
}

TEST(FakeQuantize, RangesCountedAsZeroGiveZero) {
  EXPECT_THAT(fake({-3, 0, 1e30F}, 0, integer_range(8, true)), ElementsAre(0, 0, 0));
  EXPECT_THAT(fake({-3, 1}, kZeroRange, integer_range(8, true)), ElementsAre(0, 0));
  EXPECT_THAT(codes({-3, 1}, 0, integer_range(8, true)), ElementsAre(0, 0));
  EXPECT_FLOAT_EQ(step_size(2.54F, integer_range(8, true)), 0.02F);
}

TEST(StepSize, IsTheRangeOverTheLargestInteger) {
  EXPECT_EQ(step_size(6.35F, integer_range(8, true)), 0.05F);
  EXPECT_EQ(step_size(6.3F, integer_range(7, true)), 0.1F);
  EXPECT_EQ(step_size(25.5F, integer_range(8, false)), 0.1F);
}

TEST(StepSize, OfARangeOfZeroMakesZeroOfWhateverANetworkComputes) {
  for (const float amax : {0.0F, 1e-30F, kZeroRange}) {
    const float step = step_size(amax, integer_range(8, true));
    EXPECT_EQ(std::nearbyint(1e8F / step), 0) << amax;
    EXPECT_TRUE(std::isfinite(step * step * step)) << amax;
  }
}

TEST(FakeQuantize, KeepsNanAndClampsInfinity) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  EXPECT_THAT(fake({inf, -inf, nan}, 127, integer_range(8, true)),
              ElementsAre(127, -128, NanSensitiveFloatEq(nan)));
  EXPECT_THAT(codes({nan}, 127, integer_range(8, true)), ElementsAre(0));
}

TEST(FakeQuantize, GradientPassesWithinTheRange) {
  const std::vector<float> x{-1.001F, -1, 0, 1, 1.001F}, ones(5, 2.0F);
  std::vector<float> gradient(5);
  fake_quantize_gradient(x, ones, 1, integer_range(8, true), gradient);
  EXPECT_THAT(gradient, ElementsAre(0, 2, 2, 2, 0));
  fake_quantize_gradient(x, ones, 1, integer_range(8, false), gradient);
  EXPECT_THAT(gradient, ElementsAre(0, 0, 2, 2, 0));
}

TEST(FakeQuantize, UnequalLengthsAreABug) {
  std::vector<float> x(3), y(2);
  EXPECT_THROW(fake_quantize(x, 1, {}, y), InternalError);
}

float value_of(Bf16 x) { return std::bit_cast<float>(uint32_t{x.bits} << 16); }

// All BF16 numbers, infinities and NaN among them: float32's result, rounded to the nearer of its two
// neighbours, to the even one of both.
TEST(FakeQuantBf16, IsFloat32sRoundedOnce) {
  std::vector<Bf16> x(1 << 16), y(x.size());
  std::vector<float> wide(x.size()), want(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    x[i].bits = static_cast<uint16_t>(i);
    wide[i] = value_of(x[i]);
  }
  for (const bool rectifies : {false, true}) {
    fake_quantize(std::span<const Bf16>(x), 0.7F, integer_range(8, true), std::span(y), rectifies);
    fake_quantize(wide, 0.7F, integer_range(8, true), want, rectifies);
    for (size_t i = 0; i < x.size(); ++i) {
      const float got = value_of(y[i]);
      ASSERT_EQ(std::isnan(got), std::isnan(want[i])) << i;
      if (std::isnan(got)) continue;
      const float distance = std::abs(got - want[i]);
      for (const int step : {-1, 1}) {
        const float neighbour = value_of({static_cast<uint16_t>(y[i].bits + step)});
        if (std::isnan(neighbour) || (neighbour < 0) != (got < 0)) continue;
        const float other = std::abs(neighbour - want[i]);
        ASSERT_TRUE(distance < other || (distance == other && y[i].bits % 2 == 0)) << i;
      }
    }
  }
}

TEST(FakeQuantBf16, PassesGradientsWhereFloat32Does) {
  std::vector<Bf16> x(1 << 16), upstream(x.size(), Bf16{0x3FC0}), gradient(x.size());
  for (size_t i = 0; i < x.size(); ++i) x[i].bits = static_cast<uint16_t>(i);
  for (const bool is_signed : {false, true}) {
    for (const bool rectifies : {false, true}) {
      fake_quantize_gradient(std::span<const Bf16>(x), std::span<const Bf16>(upstream), 0.7F,
                             integer_range(8, is_signed), std::span(gradient), rectifies);
      for (size_t i = 0; i < x.size(); ++i) {
        const float value = value_of(x[i]);
        const bool above = rectifies ? value > 0 : is_signed ? value >= -0.7F : value >= 0;
        ASSERT_EQ(value_of(gradient[i]), above && value <= 0.7F ? 1.5F : 0.0F) << value;
      }
    }
  }
}

}  // namespace
}  // namespace y6q::quant
