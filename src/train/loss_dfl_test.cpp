#include "train/loss_dfl.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"
#include "train/numeric_gradient.h"

namespace y6q::train {
namespace {

TEST(Dfl, UniformLogitsCostTheLogarithmOfTheBins) {
  const std::vector<float> logits(4 * 17, 0.3F);
  std::vector<float> gradient(logits.size());
  // Whatever the two weights, they sum to 1.
  EXPECT_NEAR(dfl_loss(logits.data(), 16, {0, 2.5, 7.25, 99}, 1, gradient.data()), std::log(17.0), 1e-6);
  // Side 1: bins 2 and 3 want one half each; a quarter of (1/17 - 1/2).
  EXPECT_NEAR(gradient[17 + 2], (1.0 / 17 - 0.5) / 4, 1e-6);
  EXPECT_NEAR(gradient[17 + 3], (1.0 / 17 - 0.5) / 4, 1e-6);
  // Side 3 is clipped to 15.99.
  EXPECT_NEAR(gradient[3 * 17 + 16], (1.0 / 17 - 0.99) / 4, 1e-6);
}

TEST(Dfl, ExpectationOfASharpPeakIsItsBin) {
  std::vector<float> logits(4 * 17, 0.0F);
  for (size_t side = 0; side < 4; ++side) logits[side * 17 + 3 * side] = 60;
  const auto sides = expected_distances(logits.data(), 16);
  for (size_t side = 0; side < 4; ++side) EXPECT_NEAR(sides[side], 3.0 * static_cast<double>(side), 1e-6);
}

TEST(Dfl, GradientsAgreeWithDifferences) {
  Random random(5);
  std::vector<float> logits(4 * 6);
  for (float& value : logits) value = static_cast<float>(random.uniform(-2, 2));
  const std::array<double, 4> target{0.3, 1.0, 4.4, 2.7}, upstream{0.5, -1, 2, 0.25};
  std::vector<float> gradient(logits.size()), unused(logits.size());
  dfl_loss(logits.data(), 5, target, 1, gradient.data());
  auto slopes = numeric_gradient(
      [&](std::span<const float> at) { return dfl_loss(at.data(), 5, target, 1, unused.data()); }, logits);
  for (size_t i = 0; i < slopes.size(); ++i) EXPECT_NEAR(gradient[i], slopes[i], 1e-4) << i;

  std::fill(gradient.begin(), gradient.end(), 0.0F);
  add_expected_gradient(logits.data(), 5, upstream, gradient.data());
  slopes = numeric_gradient(
      [&](std::span<const float> at) {
        const auto sides = expected_distances(at.data(), 5);
        double sum = 0;
        for (size_t side = 0; side < 4; ++side) sum += upstream[side] * sides[side];
        return sum;
      },
      logits);
  for (size_t i = 0; i < slopes.size(); ++i) EXPECT_NEAR(gradient[i], slopes[i], 1e-3) << i;
}

}  // namespace
}  // namespace y6q::train
