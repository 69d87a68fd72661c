#include "base/random.h"

#include <gtest/gtest.h>

#include <vector>

namespace y6q {
namespace {

TEST(Random, StreamsDifferBySeedAndKeyAndRepeat) {
  EXPECT_EQ(Random(1, 2, 3).bits(), Random(1, 2, 3).bits());
  EXPECT_NE(Random(1, 2, 3).bits(), Random(1, 3, 2).bits());
  EXPECT_NE(Random(1).bits(), Random(2).bits());
}

TEST(Random, MomentsAreThoseOfTheDistributions) {
  Random random(7);
  constexpr int kCount = 200000;
  double uniform = 0, normal_square = 0, beta = 0, beta_square = 0;
  for (int i = 0; i < kCount; ++i) {
    uniform += random.uniform(2, 4);
    const double z = random.normal();
    normal_square += z * z;
    const double b = random.beta(32, 32);
    beta += b;
    beta_square += b * b;
  }
  EXPECT_NEAR(uniform / kCount, 3, 0.01);
  EXPECT_NEAR(normal_square / kCount, 1, 0.02);
  EXPECT_NEAR(beta / kCount, 0.5, 0.002);
  EXPECT_NEAR(beta_square / kCount - 0.25, 1.0 / (4 * 65),
              0.0005);  // variance of Beta(a, a): 1 / (4 (2a + 1))
}

TEST(Random, IndexCoversItsRangeEvenly) {
  Random random(3);
  std::vector<int> hits(5);
  for (int i = 0; i < 50000; ++i) ++hits[static_cast<size_t>(random.index(5))];
  for (const int count : hits) EXPECT_NEAR(count, 10000, 400);
}

}  // namespace
}  // namespace y6q
