#include "stages/batch_fit.h"

#include <gtest/gtest.h>

#include "models/yolov6.h"

namespace y6q::stages {
namespace {

// 100 + 10 a batch of 1000: 90 images fit, and 88 is the multiple of 8 below.
TEST(BatchFit, IsTheLargestMultipleOfEightThatFits) {
  EXPECT_EQ(fitting_batch({.fixed = 100, .per_image = 10}, 1000, 100'000), 88);
  EXPECT_EQ(fitting_batch({.fixed = 100, .per_image = 10}, 979, 100'000), 80);
  EXPECT_EQ(fitting_batch({.fixed = 100, .per_image = 10}, 980, 100'000), 88);
}

TEST(BatchFit, LeavesAnEpochItsStepsAndIsNeverBelowEight) {
  EXPECT_EQ(fitting_batch({.fixed = 0, .per_image = 1}, 1e9, 640), 40);  // 640 / 16
  EXPECT_EQ(fitting_batch({.fixed = 0, .per_image = 1}, 1e9, 10), 8);
  EXPECT_EQ(fitting_batch({.fixed = 100, .per_image = 10}, 50, 100'000), 8);
}

// A batch of 16 has 8 images of 3 x 64 x 64 float32 more than one of 8, and every layer's output beside them.
TEST(BatchFit, AStepTakesMoreThanItsImages) {
  TrainingPlan plan;
  plan.info.image_size = {64, 64};
  plan.training.start =
      models::yolov6({.architecture = "yolov6n", .class_count = 3, .image_size = plan.info.image_size});
  RunOptions options;
  options.threads = 1;
  stages::Run run(options, silent_monitor());
  const StepMemory memory = step_memory(plan, run);
  EXPECT_GT(memory.per_image, 3 * 64 * 64 * 4);
  EXPECT_LT(memory.per_image, 64e6);
}

}  // namespace
}  // namespace y6q::stages
