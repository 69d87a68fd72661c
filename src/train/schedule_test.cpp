#include "train/schedule.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace y6q::train {
namespace {

TEST(Schedule, CosineHasTheValuesComputedByHand) {  // spec/02 §8b
  const Schedule schedule({.epochs = 300, .lr0 = .01, .lrf = .01, .warmup_epochs = 0});
  const auto lr = [&](int64_t epoch) { return schedule.at(100000, epoch).lr; };
  EXPECT_NEAR(lr(0), .01, 1e-12);
  EXPECT_NEAR(lr(1), .00999973, 1e-8);
  EXPECT_NEAR(lr(150), .00505, 1e-12);
  EXPECT_NEAR(lr(299), .00010027, 1e-8);
}

TEST(Schedule, WarmupGoesLinearlyToTheEpochsRate) {
  const Schedule schedule({.epochs = 100,
                           .iterations_per_epoch = 10,
                           .batch_size = 16,
                           .warmup_epochs = 3,
                           .warmup_min_iterations = 100});
  EXPECT_EQ(schedule.warmup_iterations(), 100);
  const StepSettings start = schedule.at(0, 0), middle = schedule.at(50, 5), end = schedule.at(100, 10);
  EXPECT_EQ(start.lr, 0);
  EXPECT_EQ(start.bias_lr, .1);
  EXPECT_EQ(start.momentum, .8);
  EXPECT_EQ(start.accumulate, 1);
  EXPECT_NEAR(middle.lr, .01 * schedule.lambda(5) / 2, 1e-12);
  EXPECT_NEAR(middle.momentum, (.8 + .937) / 2, 1e-12);
  EXPECT_EQ(middle.accumulate, 2);  // 2.5, half to even
  EXPECT_EQ(end.lr, end.bias_lr);
  EXPECT_EQ(end.accumulate, 4);
}

TEST(Schedule, WithoutNominalBatchEveryIterationSteps) {
  const Schedule schedule({.batch_size = 16, .warmup_epochs = 0, .nominal_batch = 0});
  EXPECT_EQ(schedule.at(5, 0).accumulate, 1);
  EXPECT_EQ(schedule.weight_decay(), 5e-4);
}

TEST(Schedule, WeightsStayInTheEpochsOfCorrection) {
  const Schedule schedule({.epochs = 10, .warmup_epochs = 0, .correction_epochs = 2});
  EXPECT_EQ(schedule.at(0, 7).weight_lr, schedule.at(0, 7).lr);
  for (const int64_t epoch : {8, 9}) {
    EXPECT_EQ(schedule.at(0, epoch).weight_lr, 0);
    EXPECT_NEAR(schedule.at(0, epoch).lr, .01 * schedule.lambda(epoch), 1e-12);
    EXPECT_EQ(schedule.at(0, epoch).bias_lr, schedule.at(0, epoch).lr);
  }
}

TEST(Schedule, RefusesSettingsOutOfRange) {
  EXPECT_THROW(Schedule({.epochs = 0}), UsageError);
  EXPECT_THROW(Schedule({.lr0 = -1}), UsageError);
  EXPECT_THROW(Schedule({.momentum = 0}), UsageError);
  EXPECT_THROW(Schedule({.correction_epochs = -1}), UsageError);
}

TEST(Accumulation, StepsWhenFullAndAtTheEndOfAnEpoch) {
  Accumulation accumulation;
  std::vector<bool> steps;
  for (int iteration = 0; iteration < 7; ++iteration) steps.push_back(accumulation.add(3, iteration == 6));
  EXPECT_EQ(steps, (std::vector<bool>{false, false, true, false, false, true, true}));
  EXPECT_EQ(accumulation.pending(), 0);
}

}  // namespace
}  // namespace y6q::train
