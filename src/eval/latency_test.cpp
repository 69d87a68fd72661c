#include "eval/latency.h"

#include <gtest/gtest.h>

#include <numeric>

#include "base/errors.h"

namespace y6q::eval {
namespace {

TEST(Latency, PercentilesOfOneToOneHundredAndOne) {
  std::vector<double> samples(101);
  std::iota(samples.rbegin(), samples.rend(), 1.0);  // descending: the order must not matter
  const LatencyStats stats = latency_stats(samples);
  EXPECT_EQ(stats.count, 101);
  EXPECT_EQ(stats.min, 1);
  EXPECT_EQ(stats.max, 101);
  EXPECT_DOUBLE_EQ(stats.mean, 51);
  EXPECT_DOUBLE_EQ(stats.p50, 51);
  EXPECT_DOUBLE_EQ(stats.p90, 91);
  EXPECT_DOUBLE_EQ(stats.p99, 100);
}

TEST(Latency, LiesBetweenNeighbours) {
  EXPECT_DOUBLE_EQ(quantile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile({10, 20}, 0.9), 19);
  EXPECT_DOUBLE_EQ(quantile({7}, 0.99), 7);
}

TEST(Latency, NeedsASample) {
  EXPECT_THROW(latency_stats({}), UsageError);
  EXPECT_THROW(quantile({}, 0.5), UsageError);
}

}  // namespace
}  // namespace y6q::eval
