#include "base/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace y6q {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(Half, EveryNumberComesBackThroughFloat) {
  for (uint32_t bits = 0; bits < 0x10000U; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float wide = widen_half(half);
    if (std::isnan(wide)) {
      EXPECT_TRUE(std::isnan(widen_half(narrow_half(wide))));
    } else {
      EXPECT_EQ(narrow_half(wide), half) << bits;
    }
  }
}

// Between two neighbours: below the middle the lower one, above the upper one, in the middle the even one.
TEST(Half, RoundsToTheNearestHalfToEven) {
  for (uint32_t bits = 0; bits + 1 < 0x7c00U; ++bits) {
    const auto low = static_cast<uint16_t>(bits), high = static_cast<uint16_t>(bits + 1);
    const float middle = (widen_half(low) + widen_half(high)) / 2;
    EXPECT_EQ(narrow_half(middle), bits % 2 == 0 ? low : high) << bits;
    EXPECT_EQ(narrow_half(std::nextafter(middle, 0.0F)), low) << bits;
    EXPECT_EQ(narrow_half(std::nextafter(middle, kInfinity)), high) << bits;
  }
}

TEST(Half, BeyondTheLargestNumberIsInfinity) {
  EXPECT_EQ(widen_half(narrow_half(65519.0F)), kLargestHalf);
  EXPECT_EQ(widen_half(narrow_half(65520.0F)), kInfinity);  // the middle to 2^16, which is even
  EXPECT_EQ(widen_half(narrow_half(-1e30F)), -kInfinity);
  EXPECT_EQ(widen_half(1), kSmallestHalf);
}

}  // namespace
}  // namespace y6q
