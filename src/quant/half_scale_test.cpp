#include "quant/half_scale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/errors.h"
#include "base/half.h"

namespace y6q::quant {
namespace {

constexpr IntegerRange kSigned{-128, 127}, kUnsigned{0, 255}, kSeven{-64, 63};

/// All ranges whose step is an FP16 number, in double: 11 bits times 8 are exact.
std::vector<double> grid(IntegerRange range) {
  std::vector<double> ranges;
  for (uint16_t half = 1; half < 0x7c00U; ++half)
    ranges.push_back(static_cast<double>(widen_half(half)) * range.high);
  return ranges;
}

// By hand: 1 / 127 = 0.00787401… lies between 0x2007 and 0x2008, 1032 and 1033 steps of 2^-17.
TEST(HalfScale, TheStepOfOneIsTheNextFp16NumberAbove) {
  EXPECT_EQ(range_of_half_step(1.0F, kSigned), 127 * 1033 * 0x1p-17F);
  EXPECT_EQ(range_of_half_step(127.0F, kSigned), 127.0F);
}

TEST(HalfScale, IsTheSmallestOfTheGridThatHoldsTheRange) {
  for (const IntegerRange range : {kSigned, kUnsigned, kSeven}) {
    const std::vector<double> ranges = grid(range);
    for (size_t i = 0; i + 1 < ranges.size(); ++i) {
      const auto low = static_cast<float>(ranges[i]), high = static_cast<float>(ranges[i + 1]);
      EXPECT_EQ(range_of_half_step(high, range), high);
      EXPECT_EQ(range_of_half_step(std::nextafter(high, 0.0F), range), high);
      if (low > kZeroRange) {
        EXPECT_EQ(range_of_half_step(std::nextafter(low, high), range), high) << low;
        EXPECT_TRUE(has_half_step(low, range));
        EXPECT_FALSE(has_half_step(std::nextafter(low, high), range));
      }
    }
  }
}

TEST(HalfScale, TheStepOfTheNewRangeIsThatNumber) {
  for (const float amax : {1e-6F, 3e-3F, 0.37F, 2.5F, 6.0F, 1e4F}) {
    const float step = step_size(range_of_half_step(amax, kSigned), kSigned);
    EXPECT_EQ(widen_half(narrow_half(step)), step) << amax;
    EXPECT_GE(step * 127, amax);
  }
}

TEST(HalfScale, ARangeOfZeroStaysAndTheSmallestStepIsAFullSubnormal) {
  EXPECT_EQ(range_of_half_step(0, kSigned), 0);
  EXPECT_EQ(range_of_half_step(kZeroRange, kSigned), kZeroRange);
  EXPECT_TRUE(has_half_step(0, kSigned));
  EXPECT_EQ(range_of_half_step(1e-7F, kSigned), 127 * kSmallestHalf);
}

TEST(HalfScale, AStepBeyondFp16IsRefused) {
  EXPECT_EQ(range_of_half_step(127 * kLargestHalf, kSigned), 127 * kLargestHalf);
  EXPECT_THAT([] { range_of_half_step(128 * kLargestHalf, kSigned); },
              testing::ThrowsMessage<InputError>(testing::HasSubstr("FP16 ends at 65504")));
}

}  // namespace
}  // namespace y6q::quant
