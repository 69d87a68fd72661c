#include "eager/learned_range.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "eager/fake_quant.h"

namespace y6q::eager {
namespace {

using torch::Tensor;

Tensor numbers(std::vector<float> values) { return torch::tensor(values).view({1, -1, 1, 1}); }

float gradient_of(const std::vector<float>& values, float range, const ir::FakeQuant& op,
                  bool rectifies = false) {
  const Tensor x = numbers(values).set_requires_grad(true);
  const Tensor amax = torch::scalar_tensor(range).set_requires_grad(true);
  with_learned_range(fake_quantize(x, amax.detach(), op, rectifies), x, amax, op, rectifies).sum().backward();
  return amax.grad().item<float>();
}

// Codes of 3 bits run from -4 to 3: amax 3, steps of 1, high 3. Four elements: the sum times 3 sqrt(3 / 4).
TEST(LearnedRange, HasTheGradientOfTheStep) {
  const ir::FakeQuant op{.bits = 3};
  const double factor = 3 * std::sqrt(3.0 / 4);
  // 1.3 -> 1: (1 - 1.3) / 3; -0.6 -> -1: (-1 + 0.6) / 3; 5 -> 3: 1; -7 -> -4: -4 / 3.
  EXPECT_NEAR(gradient_of({1.3F, -0.6F, 5, 0}, 3, op), factor * (-0.1 - 0.4 / 3 + 1), 1e-5);
  EXPECT_NEAR(gradient_of({1.3F, -0.6F, 5, -7}, 3, op), factor * (-0.1 - 0.4 / 3 + 1 - 4.0 / 3), 1e-5);
}

TEST(LearnedRange, WhatIsCutOffBelowZeroDoesNotMoveWithTheRange) {
  const ir::FakeQuant op{.bits = 2, .is_signed = false};  // codes 0 to 3
  const double factor = 3 * std::sqrt(3.0 / 4);
  EXPECT_NEAR(gradient_of({-2, -0.1F, 1.3F, 4}, 3, op), factor * (-0.1 + 1), 1e-5);
  EXPECT_NEAR(gradient_of({-2, -0.1F, 1.3F, 4}, 3, ir::FakeQuant{.bits = 3}, true), factor * (-0.1 + 1), 1e-5)
      << "of relu(x)";
}

TEST(LearnedRange, ARangeOfZeroLearnsNothing) { EXPECT_EQ(gradient_of({0, 1, 0, 0}, 0, {}), 0); }

TEST(LearnedRange, PassesOnTheGradientOfTheSource) {
  const Tensor x = numbers({1.3F, -0.6F, 5, 0}).set_requires_grad(true);
  const Tensor amax = torch::scalar_tensor(3.0F).set_requires_grad(true);
  const ir::FakeQuant op{.bits = 3};
  const Tensor plain = fake_quantize(x, amax.detach(), op), learned = with_learned_range(plain, x, amax, op);
  EXPECT_TRUE(torch::equal(plain, learned));
  learned.sum().backward();
  EXPECT_TRUE(torch::equal(x.grad(), numbers({1, 1, 0, 1})));
}

// Descent along it finds the range of least squared error: that of a search over all ranges.
TEST(LearnedRange, DescentEndsAtTheRangeOfLeastError) {
  Random random(1);
  std::vector<float> values(4000);
  for (float& value : values) value = static_cast<float>(random.normal());
  const Tensor x = numbers(values);
  const ir::FakeQuant op{.bits = 4};
  const auto error_of = [&](float range) {
    return (fake_quantize(x, torch::scalar_tensor(range), op) - x).square().mean().item<float>();
  };
  float best = 1;
  for (float range = 1; range < 4; range += 0.01F) best = error_of(range) < error_of(best) ? range : best;
  Tensor amax = torch::scalar_tensor(4.0F).set_requires_grad(true);
  for (int step = 0; step < 300; ++step) {
    (with_learned_range(fake_quantize(x, amax.detach(), op), x, amax, op) - x).square().sum().backward();
    const torch::NoGradGuard no_gradients;
    amax.sub_(amax.grad() * 0.002);
    amax.mutable_grad() = Tensor();
  }
  EXPECT_NEAR(amax.item<float>(), best, 0.1);
}

}  // namespace
}  // namespace y6q::eager
