#include "cli/progress_line.h"

#include <gtest/gtest.h>

namespace y6q::cli {
namespace {

/// 17 of 50 batches in 8.5 s: 2 a second, 16.5 s for the other 33.
const Progress kEpoch{.task = "epoch 7/60",
                      .unit = "batches",
                      .done = 17,
                      .total = 50,
                      .seconds = 8.5,
                      .status = "loss 1.969, run 11:22 left"};

TEST(ProgressLine, SaysEverything) {
  EXPECT_EQ(progress_line(kEpoch), "epoch 7/60 17/50 batches, 2/s, 0:17 left, loss 1.969, run 11:22 left");
  EXPECT_EQ(progress_line({.task = "detect", .unit = "frames", .done = 3}), "detect 3 frames");
}

TEST(ProgressLine, FitsTheTerminalAndKeepsWhatIsLeftOfTheRun) {
  EXPECT_EQ(
      progress_bar(kEpoch, 119),
      "epoch 7/60 [########................] 17/50 batches, 2/s, 0:17 left, loss 1.969, run 11:22 left");
  EXPECT_EQ(progress_bar(kEpoch, 79), progress_line(kEpoch));
  EXPECT_EQ(progress_bar(kEpoch, 66), "epoch 7/60 17/50 batches, 0:17 left, loss 1.969, run 11:22 left");
  EXPECT_EQ(progress_bar(kEpoch, 49), "epoch 7/60 17/50, loss 1.969, run 11:22 left");
  EXPECT_EQ(progress_bar(kEpoch, 20), "epoch 7/60 17/50, lo");
}

TEST(ProgressLine, BarsAreFullAtTheEnd) {
  EXPECT_EQ(progress_bar({.task = "calibrate", .unit = "images", .done = 40, .total = 40}, 79),
            "calibrate [########################] 40/40 images");
}

}  // namespace
}  // namespace y6q::cli
