#include "ptq/adaptive_rounding.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "eager/fake_quant.h"

namespace y6q::ptq {
namespace {

using torch::Tensor;

const ir::FakeQuant kSevenBits{.bits = 7, .channel_axis = 0};  // codes of -63 to 63

Tensor row(std::vector<float> values) { return torch::tensor(values).view({1, -1}); }

/// [S, K] of such numbers in [-1, 1).
Tensor noise(int64_t samples, int64_t size, uint64_t seed) {
  Random random(seed);
  Tensor values = torch::empty({samples, size}, torch::kFloat32);
  float* value = values.mutable_data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i) value[i] = static_cast<float>(2 * random.uniform() - 1);
  return values;
}

Tensor to_nearest(const Tensor& weight, const Tensor& amax) {
  return eager::fake_quantize(weight, amax, kSevenBits);
}

/// Squared error of the outputs, whose mean the bias takes back.
double error_of(const Tensor& rounded, const Tensor& weight, const Tensor& inputs) {
  const Tensor change = (inputs - inputs.mean(0, true)).matmul((rounded - weight).t());
  return change.square().sum(torch::kFloat64).item<double>();
}

// Steps of 1. The first two inputs are one and the same: 0.4 + 0.4 is nearer to 1 than to 0 + 0.
TEST(AdaptiveRounding, OneWeightMakesUpForTheErrorOfAnother) {
  Tensor inputs = noise(100, 3, 1);
  inputs.select(1, 1).copy_(inputs.select(1, 0));
  const Tensor rounded =
      rounded_adaptively(row({0.4F, 0.4F, 63}), torch::tensor({63.0F}), inputs, kSevenBits);
  EXPECT_EQ(rounded[0][0].item<float>() + rounded[0][1].item<float>(), 1);
  EXPECT_EQ(rounded[0][2].item<float>(), 63);
}

// The same, but the inputs hardly change: their mean is the bias's affair.
TEST(AdaptiveRounding, AMeanIsNoReasonToRoundOtherwise) {
  const Tensor inputs = noise(2000, 3, 1) * 0.01 + 5;
  const Tensor rounded =
      rounded_adaptively(row({0.4F, 0.4F, 63}), torch::tensor({63.0F}), inputs, kSevenBits);
  EXPECT_TRUE(torch::equal(rounded, row({0, 0, 63})));
}

TEST(AdaptiveRounding, InputsThatNeverChangeLeaveRoundingToTheNearest) {
  const Tensor weight = row({0.6F, -1.4F, 2.5F, 63});
  const Tensor rounded = rounded_adaptively(weight, torch::tensor({63.0F}), torch::ones({50, 4}), kSevenBits);
  EXPECT_TRUE(torch::equal(rounded, row({1, -1, 2, 63})));
}

// Against all 2^9 ways to round each weight up or down.
TEST(AdaptiveRounding, IsNeverWorseThanTheNearestAndNearlyTheBestOfAll) {
  constexpr int64_t kSize = 10;
  double all_found = 0, all_best = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const Tensor inputs = noise(500, kSize, seed).matmul(noise(kSize, kSize, 100 + seed));
    Tensor weight = noise(1, kSize, 200 + seed) * 4;
    weight[0][0] = 63;
    const Tensor amax = torch::tensor({63.0F});
    const double found = error_of(rounded_adaptively(weight, amax, inputs, kSevenBits), weight, inputs);
    double best = error_of(to_nearest(weight, amax), weight, inputs);
    EXPECT_LE(found, best) << seed;
    for (int choice = 0; choice < 1 << (kSize - 1); ++choice) {
      Tensor rounded = weight.floor();
      for (int64_t k = 1; k < kSize; ++k) rounded[0][k] += choice >> (k - 1) & 1;
      best = std::min(best, error_of(rounded, weight, inputs));
    }
    all_found += found, all_best += best;
  }
  EXPECT_LT(all_found, 1.25 * all_best);
}

TEST(AdaptiveRounding, KeepsRangesAndGivesNumbersOfTheGrid) {
  const Tensor inputs = noise(300, 18, 3).matmul(noise(18, 18, 4));
  Tensor weight = noise(5, 18, 5);
  weight[2].zero_();
  const Tensor amax = weight.abs().amax(1);
  const Tensor rounded = rounded_adaptively(weight, amax, inputs, kSevenBits);
  EXPECT_LT((rounded.abs().amax(1) - amax).abs().max().item<float>(), 1e-6F);
  EXPECT_TRUE(torch::equal(to_nearest(rounded, amax), rounded));
  EXPECT_FALSE(torch::equal(rounded, to_nearest(weight, amax)));
}

}  // namespace
}  // namespace y6q::ptq
