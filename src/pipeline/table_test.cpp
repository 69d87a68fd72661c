#include "pipeline/table.h"

#include <gmock/gmock.h>

#include "base/errors.h"

namespace y6q::pipeline {
namespace {

using testing::HasSubstr;

Result example() {
  Result result{.split = "val", .protocol = "letterbox", .isa = "avx2"};
  result.rows = {{.model = "float", .map = 0.457, .map50 = 0.8, .selection = "best of 6 on val"},
                 {.model = "ptq",
                  .map = 0.461,
                  .map50 = 0.8,
                  .selection = "nothing chosen",
                  .to_float = Difference{0.004, -0.006, 0.014, 0.4}},
                 {.model = "engine",
                  .map = 0.259,
                  .map50 = 0.5,
                  .selection = "nothing chosen",
                  .to_float = Difference{-0.198, -0.23, -0.17, 0.001},
                  .to_simulation = Difference{-0.202, -0.24, -0.17, 0.001}}};
  return result;
}

TEST(ResultTable, ShowsDifferencesWithTheirIntervalsAndHowRowsWereSelected) {
  const std::string text = report::to_text(result_table(example()));
  EXPECT_THAT(text, HasSubstr("-0.6 to +1.4"));
  EXPECT_THAT(text, HasSubstr("-19.8"));
  EXPECT_THAT(text, HasSubstr("best of 6 on val"));
}

TEST(ResultTable, AnAlarmStandsBelowIt) {
  Result result = example();
  EXPECT_THAT(report::to_text(result_table(result)), testing::Not(HasSubstr("ALARM")));
  result.alarms = {"engine is -20.2 points from its simulation"};
  EXPECT_THAT(report::to_text(result_table(result)), HasSubstr("ALARM: engine is -20.2"));
  EXPECT_EQ(result_document(result).at("alarms").size(), 1U);
}

TEST(ResultTable, JsonHasDifferencesInFractions) {
  const auto rows = result_document(example()).at("rows");
  EXPECT_EQ(rows[1].at("to_float").at("low"), -0.006);
  EXPECT_FALSE(rows[0].contains("to_float"));
  EXPECT_EQ(rows[2].at("selection"), "nothing chosen");
}

TEST(Disagreement, IsMoreThanChanceAndMoreThanRounding) {
  EXPECT_TRUE(disagrees({-0.202, -0.24, -0.17, 0.001}));
  EXPECT_TRUE(disagrees({0.02, 0.01, 0.03, 0.001}));
  EXPECT_FALSE(disagrees({0.003, 0.0002, 0.006, 0.04})) << "once in 25 tables for nothing";
  EXPECT_FALSE(disagrees({-0.02, -0.05, 0.01, 0.2})) << "zero is in the interval";
  EXPECT_FALSE(disagrees({-0.0004, -0.0006, -0.0002, 0.001})) << "less than a tenth of a point";
}

TEST(MaxDrop, IsInPointsOfTheEngineAgainstFloat) {
  Result result = example();
  EXPECT_THROW(require_drop(result, 19.7), GoalMissed);
  EXPECT_NO_THROW(require_drop(result, 19.9));
  result.alarms = {"engine is -20.2 points from its simulation"};
  EXPECT_THROW(require_drop(result, 19.9), GoalMissed);
}

}  // namespace
}  // namespace y6q::pipeline
