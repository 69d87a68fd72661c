#include "train/loss_varifocal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"
#include "train/logistic.h"
#include "train/numeric_gradient.h"

namespace y6q::train {
namespace {

float logit(double p) { return static_cast<float>(std::log(p / (1 - p))); }

TEST(Logistic, AgreesWithTheStandardLibrary) {
  for (double x = -80; x <= 80; x += 0.0371) {
    const auto [probability, softplus] = logistic(static_cast<float>(x));
    const double z = static_cast<float>(x);
    EXPECT_NEAR(probability, 1 / (1 + std::exp(-z)), 1e-6 / (1 + std::exp(-z))) << x;
    EXPECT_NEAR(softplus, std::log1p(std::exp(-std::abs(z))) + std::max(z, 0.0),
                1e-6 * (std::log1p(std::exp(-std::abs(z))) + std::max(z, 0.0)))
        << x;
  }
  EXPECT_TRUE(std::isnan(logistic(std::numeric_limits<float>::quiet_NaN()).probability));
}

TEST(Varifocal, HasTheValuesComputedByHand) {  // spec/02 §8b
  float gradient = 0;
  const float background = logit(.3), object = logit(.6);
  EXPECT_NEAR(varifocal_loss({&background, 1}, {}, 1, &gradient), .02407556, 1e-7);
  const ClassTarget target{0, .8};
  EXPECT_NEAR(varifocal_loss({&object, 1}, {&target, 1}, 1, &gradient), .47353492, 1e-6);
  EXPECT_NEAR(gradient, .8 * (.6 - .8), 1e-6);
}

TEST(Varifocal, GradientAgreesWithDifferences) {
  Random random(3);
  std::vector<float> logits(37);
  for (float& value : logits) value = static_cast<float>(random.uniform(-5, 5));
  const std::vector<ClassTarget> targets{{2, .7}, {11, 0.}, {36, .25}};
  std::vector<float> gradient(logits.size()), unused(logits.size());
  varifocal_loss(logits, targets, 0.5, gradient.data());
  const auto slopes = numeric_gradient(
      [&](std::span<const float> at) { return 0.5 * varifocal_loss(at, targets, 1, unused.data()); }, logits);
  for (size_t i = 0; i < slopes.size(); ++i) EXPECT_NEAR(gradient[i], slopes[i], 2e-4) << i;
}

TEST(Varifocal, AgreesWithTheDefinitionElementByElement) {
  Random random(4);
  std::vector<float> logits(5000), gradient(5000);
  double expected = 0;
  for (float& value : logits) {
    value = static_cast<float>(random.uniform(-9, 3));
    const double p = 1 / (1 + std::exp(-static_cast<double>(value)));
    expected += -0.75 * p * p * std::log(1 - p);
  }
  EXPECT_NEAR(varifocal_loss(logits, {}, 1, gradient.data()) / expected, 1, 1e-6);
}

TEST(Varifocal, ConfidentLogitsStayFinite) {
  const std::vector<float> logits{200, -200, 200, -200};
  const std::vector<ClassTarget> targets{{2, 0.5}, {3, 0.5}};
  std::vector<float> gradient(4);
  // Logarithms are clamped at -100: 0.75 * 100 + 0 + 0.5 * 0.5 * 100 + 0.5 * 0.5 * 100.
  EXPECT_NEAR(varifocal_loss(logits, targets, 1, gradient.data()), 75 + 25 + 25, 1e-3);
  for (const float slope : gradient) EXPECT_TRUE(std::isfinite(slope));
}

}  // namespace
}  // namespace y6q::train
