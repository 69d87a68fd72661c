#include "report/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/errors.h"

namespace y6q::report {
namespace {

using testing::AllOf;
using testing::DoubleNear;
using testing::HasSubstr;
using testing::Not;
using testing::Pointwise;

TEST(Chart, TicksAreRoundAndCoverTheRange) {
  EXPECT_THAT(axis_ticks(0, 1, 5),
              Pointwise(DoubleNear(1e-12), std::vector<double>{0, 0.2, 0.4, 0.6, 0.8, 1.0}));
  EXPECT_THAT(axis_ticks(3, 47, 5), Pointwise(DoubleNear(1e-12), std::vector<double>{0, 10, 20, 30, 40, 50}));
  EXPECT_THAT(axis_ticks(-0.7, 0.4, 5), Pointwise(DoubleNear(1e-12), std::vector<double>{-1, -0.5, 0, 0.5}));
}

TEST(LineChart, BetweenWholeNumbersThereAreNoTicks) {
  const LineChart chart{.title = "t", .series = {{"mAP", {10, 12}, {1, 2}}}};
  const std::string svg = to_svg(chart);
  EXPECT_THAT(svg, AllOf(HasSubstr(">10</text>"), HasSubstr(">11</text>"), HasSubstr(">12</text>")));
  EXPECT_THAT(svg, Not(HasSubstr(">10.5</text>")));
}

TEST(Chart, ACurveRunsFromCornerToCorner) {
  // Plot area: x 54 to 446, y 12 (top) to 228.
  EXPECT_THAT(to_svg({.title = "t", .series = {{"a", {0, 5, 10}, {0, 0.5, 1}}}}),
              HasSubstr("d=\"M54.0 228.0L250.0 120.0L446.0 12.0\""));
}

TEST(Chart, FewPointsAreDotsAsWell) {
  const auto dots = [](size_t count) {
    LineChart chart{.title = "t", .series = {{"a", {}, {}}}};
    for (size_t i = 0; i < count; ++i) {
      chart.series[0].x.push_back(static_cast<double>(i));
      chart.series[0].y.push_back(1);
    }
    const std::string svg = to_svg(chart);
    size_t found = 0;
    for (size_t at = svg.find("<circle"); at != svg.npos; at = svg.find("<circle", at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(dots(6), 6U);
  EXPECT_EQ(dots(60), 0U);
}

TEST(Chart, ValuesThatAreNotFiniteInterruptTheCurve) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(to_svg({.title = "t", .series = {{"a", {0, 1, 2, 3, 4}, {0, 1, nan, 1, 0}}}}),
              HasSubstr("d=\"M54.0 228.0L152.0 12.0M348.0 12.0L446.0 228.0\""));
}

TEST(Chart, HostileValuesGiveAPicture) {
  const double big = 1e308, inf = std::numeric_limits<double>::infinity();
  for (const std::vector<double>& y : std::vector<std::vector<double>>{{},
                                                                       {0},
                                                                       {inf},
                                                                       {-inf, inf},
                                                                       {-big, big},
                                                                       {1e15, 1e15 + 1},
                                                                       {5e-324, 1e-323},
                                                                       {1e99, -1e99},
                                                                       {7, 7, 7}}) {
    std::vector<double> x;
    for (size_t i = 0; i < y.size(); ++i) x.push_back(static_cast<double>(i));
    const std::string svg = to_svg({.title = "t", .series = {{"a", x, y}}});
    EXPECT_THAT(svg, HasSubstr("</svg>"));
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("inf")));
  }
}

TEST(Chart, RefusesXAndYOfDifferentLength) {
  EXPECT_THROW(to_svg({.title = "t", .series = {{"a", {1, 2}, {1}}}}), InternalError);
}

// Plot area: x 54 to 446, y 12 (top) to 228; two points lie in its corners.
TEST(Chart, PointsSayAndOpenWhatTheirNotesSay) {
  const LineChart::Series points{
      .name = "a", .x = {0, 10}, .y = {0, 1}, .joined = false, .notes = {{"a < b", "trials/a.json"}, {"c"}}};
  const std::string svg = to_svg({.title = "t", .series = {points}});
  EXPECT_THAT(svg,
              HasSubstr("<a href=\"trials/a.json\"><circle class=\"s0\" cx=\"54.0\" cy=\"228.0\" r=\"5\">"
                        "<title>a &lt; b</title></circle></a>"));
  EXPECT_THAT(svg,
              HasSubstr("<circle class=\"s0\" cx=\"446.0\" cy=\"12.0\" r=\"5\"><title>c</title></circle>"));
  EXPECT_THAT(svg, Not(HasSubstr("<path"))) << "points that are not joined have no line";
}

TEST(Chart, RefusesNotesThatAreNotOneAPoint) {
  EXPECT_THROW(to_svg({.title = "t", .series = {{.name = "a", .x = {1, 2}, .y = {1, 2}, .notes = {{"b"}}}}}),
               InternalError);
}

TEST(Chart, LongCurvesAreThinned) {
  LineChart chart{.title = "t", .series = {{"a", {}, {}}}};
  for (int i = 0; i < 100000; ++i) {
    chart.series[0].x.push_back(i);
    chart.series[0].y.push_back(std::sin(i));
  }
  EXPECT_LT(to_svg(chart).size(), 30000U);
}

}  // namespace
}  // namespace y6q::report
