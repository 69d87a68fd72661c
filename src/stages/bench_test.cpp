#include "stages/bench.h"

#include <gtest/gtest.h>

namespace y6q::stages {
namespace {

using engine::Precision;

BenchResult result(Precision precision, double p50, std::vector<double> round_ms, int64_t batch = 1) {
  BenchResult result;
  result.candidate.precision = precision;
  result.batch = batch;
  result.latency_ms.p50 = p50;
  result.round_ms = std::move(round_ms);
  return result;
}

TEST(Bench, TheSpeedupIsTheMedianOfTheRatiosToTheBestFloatPrecision) {
  // The machine slows down by 10 in the last round: ratios 2, 3, 1.5.
  const BenchResult int8 = result(Precision::int8, 2, {2, 2, 20});
  const std::vector<BenchResult> results{result(Precision::fp32, 9, {9, 9, 90}),
                                         result(Precision::bf16, 5, {4, 6, 30}), int8,
                                         result(Precision::fp32, 1, {1, 1, 1}, 32)};
  const auto speedup = speedup_of(int8, results);
  ASSERT_TRUE(speedup);
  EXPECT_EQ(speedup->best_float, Precision::bf16);
  EXPECT_DOUBLE_EQ(speedup->ratio, 2);
}

TEST(Bench, WithoutAFloatResultThereIsNoSpeedup) {
  const BenchResult int8 = result(Precision::int8, 2, {2});
  EXPECT_FALSE(speedup_of(int8, {int8}));
}

}  // namespace
}  // namespace y6q::stages
