#include "cli/suggestion.h"

#include <gtest/gtest.h>

namespace y6q::cli {
namespace {

const std::vector<std::string> kCommands{"train", "calibrate", "eval", "detect", "bench"},
    kOptions{"--data", "--img-size", "--batch-size", "--out", "--epochs"};

TEST(Suggestion, OtherToolsNames) {
  EXPECT_EQ(meant_by("val", kCommands), "eval");
  EXPECT_EQ(meant_by("predict", kCommands), "detect");
  EXPECT_EQ(meant_by("--imgsz", kOptions), "--img-size");
  EXPECT_EQ(meant_by("--lr0", kOptions), "") << "these options have no --recipe";
}

TEST(Suggestion, SlipsOfTheFingers) {
  EXPECT_EQ(meant_by("trian", kCommands), "train");
  EXPECT_EQ(meant_by("tarni", kCommands), "") << "two of five letters are too many";
  EXPECT_EQ(meant_by("trai", kCommands), "train");
  EXPECT_EQ(meant_by("calibarte", kCommands), "calibrate");
  EXPECT_EQ(meant_by("--epoch", kOptions), "--epochs");
  EXPECT_EQ(meant_by("--batchsize", kOptions), "--batch-size");
  EXPECT_EQ(meant_by("--zzz", kOptions), "");
  EXPECT_EQ(meant_by("", kOptions), "");
}

}  // namespace
}  // namespace y6q::cli
