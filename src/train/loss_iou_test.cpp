#include "train/loss_iou.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/errors.h"
#include "base/random.h"

namespace y6q::train {
namespace {

constexpr IouType kTypes[] = {IouType::giou, IouType::diou, IouType::ciou, IouType::siou};

TEST(IouLoss, HasTheValuesComputedByHand) {  // spec/02 §8b
  const Corners a{0, 0, 4, 4}, b{1, 1, 5, 4}, c{0, 0, 2, 2}, d{3, 1, 6, 3};
  const double overlapping[] = {.423684, .443196, .443072, .439766};
  const double apart[] = {-.444444, -.294444, -.294690, -.275628};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(1 - iou_loss(kTypes[i], a, b).loss, overlapping[i], 1e-6) << name_of(kTypes[i]);
    EXPECT_NEAR(1 - iou_loss(kTypes[i], c, d).loss, apart[i], 1e-6) << name_of(kTypes[i]);
  }
}

TEST(IouLoss, GradientAgreesWithDifferences) {
  Random random(1);
  for (int trial = 0; trial < 50; ++trial) {
    Corners predicted, target;
    for (Corners* box : {&predicted, &target}) {
      const double x = random.uniform(0, 4), y = random.uniform(0, 4);
      *box = {x, y, x + random.uniform(1, 5), y + random.uniform(1, 5)};
    }
    for (const IouType type : {IouType::giou, IouType::diou, IouType::siou}) {
      const BoxLoss loss = iou_loss(type, predicted, target);
      for (size_t i = 0; i < 4; ++i) {
        constexpr double kStep = 1e-6;
        Corners above = predicted, below = predicted;
        above[i] += kStep;
        below[i] -= kStep;
        const double slope =
            (iou_loss(type, above, target).loss - iou_loss(type, below, target).loss) / (2 * kStep);
        EXPECT_NEAR(loss.gradient[i], slope, 1e-5 * (1 + std::abs(slope)))
            << name_of(type) << " coordinate " << i;
      }
    }
  }
}

TEST(IouLoss, StaysFiniteForDegenerateBoxes) {
  const Corners boxes[] = {{1, 1, 1, 1}, {0, 0, 0, 3}, {0, 0, 3, 0}, {2, 2, 1, 1}, {0, 0, 4, 4}};
  for (const IouType type : kTypes) {
    for (const Corners& predicted : boxes) {
      for (const Corners& target : boxes) {
        const BoxLoss loss = iou_loss(type, predicted, target);
        EXPECT_TRUE(std::isfinite(loss.loss)) << name_of(type);
        for (const double slope : loss.gradient) EXPECT_TRUE(std::isfinite(slope)) << name_of(type);
      }
    }
  }
}

TEST(IouType, UnknownNamesAreRefused) {
  EXPECT_EQ(from_name<IouType>("siou"), IouType::siou);
  EXPECT_THROW(from_name<IouType>("iou"), UsageError);
}

}  // namespace
}  // namespace y6q::train
