#include "stages/summarize.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "base/files.h"
#include "support/folder.h"

namespace y6q::stages {
namespace {

using nlohmann::json;

class Summarize : public ::testing::Test {
 protected:
  fs::path run(const std::string& name, const json& document, const std::string& place = "") {
    make_folder(folder_ / name / place);
    write_file(folder_ / name / place / "summary.json", document.dump());
    return folder_ / name;
  }
  static json summary(double plain, double ptq, double qat, const std::string& alarm = "") {
    json document{{"split", "val"},
                  {"protocol", "letterbox"},
                  {"alarms", json::array()},
                  {"rows",
                   {{{"model", "float"}, {"map", plain}},
                    {{"model", "ptq_engine"}, {"map", ptq}},
                    {{"model", "engine"}, {"map", qat}}}}};
    if (!alarm.empty()) document["alarms"].push_back(alarm);
    return document;
  }
  support::Folder own_;
  fs::path folder_ = own_.path();
};

// 0.5, 0.52, 0.54: mean 0.52, deviation sqrt((0.02² + 0 + 0.02²) / 2) = 0.02, error 0.02 / sqrt(3).
TEST_F(Summarize, MeansDeviationsAndErrors) {
  const Spread spread = spread_of({0.5, 0.52, 0.54});
  EXPECT_NEAR(spread.mean, 0.52, 1e-12);
  EXPECT_NEAR(spread.deviation, 0.02, 1e-12);
  EXPECT_NEAR(spread.error, 0.011547, 1e-6);
  EXPECT_EQ(spread_of({0.7}).error, 0);
}

// Differences are taken within a run: float moves by 0.1 between these, the gain does not.
TEST_F(Summarize, ComparesWithinEachRun) {
  const auto result =
      summarize({run("a", summary(0.50, 0.49, 0.505)), run("b", summary(0.60, 0.59, 0.605))}, false);
  ASSERT_EQ(result.rows.size(), 3U);
  EXPECT_FALSE(result.rows[0].to_float);
  EXPECT_NEAR(result.rows[0].map.mean, 0.55, 1e-12);
  EXPECT_NEAR(result.rows[1].to_float->mean, -0.01, 1e-12);
  EXPECT_NEAR(result.rows[1].to_float->error, 0, 1e-12);
  EXPECT_FALSE(result.rows[1].to_ptq);
  EXPECT_NEAR(result.rows[2].to_ptq->mean, 0.015, 1e-12);
}

TEST_F(Summarize, CountsAlarmsOfTheRowTheyAreOf) {
  const auto result =
      summarize({run("a", summary(0.5, 0.5, 0.5, "engine (openvino int8) is -20.0 points"))}, false);
  EXPECT_EQ(result.rows[1].alarms, 0U) << "ptq_engine is another one";
  EXPECT_EQ(result.rows[2].alarms, 1U);
}

TEST_F(Summarize, ReadsTheTestSplitOfFinalRuns) {
  run("a", summary(0.5, 0.5, 0.5));
  json test = summary(0.4, 0.4, 0.4);
  test["split"] = "test";
  const auto result = summarize({run("a", test, "final")}, true);
  EXPECT_EQ(result.split, "test");
  EXPECT_NEAR(result.rows[0].map.mean, 0.4, 1e-12);
}

TEST_F(Summarize, RefusesRunsThatCannotBeAveraged) {
  const fs::path first = run("a", summary(0.5, 0.5, 0.5));
  json other = summary(0.5, 0.5, 0.5);
  other["protocol"] = "stretch";
  EXPECT_THROW(summarize({first, run("b", other)}, false), InputError);
  json fewer = summary(0.5, 0.5, 0.5);
  fewer["rows"].erase(2);
  EXPECT_THROW(summarize({first, run("c", fewer)}, false), InputError);
  EXPECT_THROW(summarize({first, folder_ / "none"}, false), InputError);
  for (const json& hostile :
       {json::array(), json{{"split", 1}}, json{{"split", "val"}, {"protocol", ""}, {"rows", {1}}}})
    EXPECT_THROW(summarize({run("d", hostile)}, false), InputError) << hostile.dump();
}

TEST_F(Summarize, TableHasOneLineAModel) {
  const auto table = to_table(summarize({run("a", summary(0.50, 0.49, 0.505))}, false));
  EXPECT_THAT(report::to_text(table), testing::HasSubstr("+1.50 ± 0.00"));
}

}  // namespace
}  // namespace y6q::stages
