#include "pipeline/verdict.h"

#include <gmock/gmock.h>

namespace y6q::pipeline {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Row row(const char* model, double map, const char* precision, double ms) {
  Row row{.model = model, .map = map, .file = std::string("export/") + model + ".onnx"};
  row.latency_ms[precision] = ms;
  return row;
}

/// float 50.0 at 4 ms, the PTQ engine 49.8 at 2 ms.
Result deployable() {
  Result result{.split = "val", .isa = "avx2"};
  result.rows = {row("float", 0.5, "fp32", 4), row("ptq_engine", 0.498, "int8", 2)};
  result.rows[1].to_float = Difference{-0.002, -0.006, 0.002, 0.3};
  result.rows[1].to_simulation = Difference{0, -0.001, 0.001, 1};
  return result;
}

TEST(Verdict, IsTheFastestFormThatLosesNothingBeyondNoise) {
  const Verdict found = verdict(deployable());
  EXPECT_EQ(found.model, "ptq_engine");
  EXPECT_EQ(found.file, "export/ptq_engine.onnx");
  EXPECT_THAT(found.text, AllOf(HasSubstr("Deploy PTQ, INT8 engine"), HasSubstr("mAP 49.8, -0.2 points"),
                                HasSubstr("-0.6 to +0.2: within noise"), HasSubstr("2.00 times as fast"),
                                HasSubstr("avx2")));
}

TEST(Verdict, OfFormsThatAreAsFastTheMostAccurateAndSaysWhenThatIsNoise) {
  Result result = deployable();
  result.rows.push_back(row("engine", 0.5, "int8", 2.05));
  result.rows[2].simulation = "qat";
  result.rows[2].to_float = Difference{0, -0.003, 0.003, 1};
  const Verdict found = verdict(result);
  EXPECT_EQ(found.model, "engine");
  EXPECT_THAT(found.text,
              AllOf(HasSubstr("Deploy QAT, INT8 engine"),
                    HasSubstr("difference to PTQ, INT8 engine (mAP 49.8, 2.00 ms) is within noise")));
  result.rows[2].to_float = Difference{0, -0.001, 0.001, 1};  // 49.8 is outside now
  EXPECT_THAT(verdict(result).text, Not(HasSubstr("difference to PTQ")));
}

TEST(Verdict, AnEngineThatDoesNotComputeItsSimulationIsNoCandidate) {
  Result result = deployable();
  result.rows[1].to_simulation = Difference{-0.02, -0.03, -0.01, 0.001};
  const Verdict found = verdict(result);
  EXPECT_EQ(found.model, "float");
  EXPECT_THAT(found.text, AllOf(HasSubstr("Deploy float, FP32"), HasSubstr("PTQ, INT8 engine is left out")));
}

TEST(Verdict, ALossThatIsRealMayBeHalfAPoint) {
  Result result = deployable();
  result.rows[1].to_float = Difference{-0.004, -0.006, -0.002, 0.01};
  EXPECT_THAT(verdict(result).text, AllOf(HasSubstr("Deploy PTQ"), HasSubstr("a real loss")));
  result.rows[1].to_float = Difference{-0.02, -0.03, -0.01, 0.01};
  EXPECT_THAT(verdict(result).text, AllOf(HasSubstr("Deploy float, FP32"), HasSubstr("it loses 2.0 points")));
}

TEST(Verdict, WhatIsNoFasterIsNotWorthIt) {
  Result result = deployable();
  result.rows[1].latency_ms["int8"] = 4.1;
  EXPECT_EQ(verdict(result).model, "float");
}

TEST(Verdict, ANetworkThatHasHardlyLearnedIsNotDeployed) {
  Result result = deployable();
  for (Row& each : result.rows) each.map = 0.027;
  result.rows[1].to_float = Difference{0, -0.002, 0.002, 1};
  const Verdict hardly = verdict(result);
  EXPECT_EQ(hardly.model, "");
  EXPECT_EQ(hardly.file, "");
  EXPECT_THAT(hardly.text, AllOf(HasSubstr("reaches mAP 2.7 on val"), HasSubstr("Train it longer"),
                                 Not(HasSubstr("Deploy"))));
  for (Row& each : result.rows) each.map = 0;
  EXPECT_THAT(verdict(result).text, HasSubstr("finds no object of val"));
  for (Row& each : result.rows) each.map = 0.06;
  EXPECT_EQ(verdict(result).model, "ptq_engine");
}

TEST(Verdict, WithoutSpeedsNothingIsRecommended) {
  Result result = deployable();
  for (Row& each : result.rows) each.latency_ms.clear();
  EXPECT_EQ(verdict(result).model, "");
  EXPECT_THAT(verdict(result).text, HasSubstr("Speed was not measured"));
  EXPECT_EQ(verdict({}).text, "");
}

}  // namespace
}  // namespace y6q::pipeline
