#include "report/histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace y6q::report {
namespace {

using testing::HasSubstr;

TEST(HistogramSvg, HeightsAreDecadesByHand) {
  // 56 high, six decades: 1 fills it, 1e-3 half of it, 1e-6 and nothing lie on the ground.
  const std::string svg = to_svg({.name = "x", .shares = {1, 1e-3, 1e-6, 0}, .limit = 0.5});
  EXPECT_THAT(svg, HasSubstr("M0 56V0.0H64.0V28.0H128.0V56.0H192.0V56.0H256.0V56Z"));
  EXPECT_THAT(svg, HasSubstr("M128.0 0V56"));
}

TEST(HistogramSvg, RangesBeyondTheLargestValueStayInside) {
  EXPECT_THAT(to_svg({.name = "x", .shares = {1}, .limit = 7}), HasSubstr("M256.0 0V56"));
}

}  // namespace
}  // namespace y6q::report
