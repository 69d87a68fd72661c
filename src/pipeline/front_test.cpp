#include "pipeline/front.h"

#include <gmock/gmock.h>

namespace y6q::pipeline {
namespace {

using testing::ElementsAre;

std::vector<std::string> names_of(const std::vector<FrontPoint>& points) {
  std::vector<std::string> names;
  for (const FrontPoint& point : points) names.push_back(point.name);
  return names;
}

TEST(Front, HoldsWhatNothingElseBeatsFastestFirst) {
  EXPECT_THAT(names_of(front_of({{"accurate", 10, 0.60},
                                 {"fast", 4, 0.50},
                                 {"between", 6, 0.55},
                                 {"slower and worse than between", 7, 0.54}})),
              ElementsAre("fast", "between", "accurate"));
}

TEST(Front, OfEquallyFastModelsTheMostAccurate) {
  EXPECT_THAT(names_of(front_of({{"a", 4, 0.50}, {"b", 4, 0.52}})), ElementsAre("b"));
}

TEST(Front, OfEquallyAccurateModelsTheFastest) {
  EXPECT_THAT(names_of(front_of({{"a", 5, 0.50}, {"b", 4, 0.50}})), ElementsAre("b"));
}

TEST(Front, TheChartNamesEveryPointAndOpensItsFile) {
  const report::LineChart chart = front_chart({{"a", 4, 0.5, "a.json"}, {"b", 5, 0.4}});
  ASSERT_EQ(chart.series.size(), 2U);
  EXPECT_EQ(chart.series[0].x, (std::vector<double>{4})) << "b is beaten by a";
  EXPECT_EQ(chart.series[1].y, (std::vector<double>{50, 40}));
  EXPECT_EQ(chart.series[1].notes.at(0).path, "a.json");
  EXPECT_EQ(chart.series[1].notes.at(1).text, "b: mAP 40.00, 5.00 ms");
}

}  // namespace
}  // namespace y6q::pipeline
