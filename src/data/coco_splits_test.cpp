#include "data/coco_splits.h"

#include <gtest/gtest.h>

#include "support/folder.h"

namespace y6q::data {
namespace {

TEST(CocoSplits, AWordOfTheFileNameTellsTheSplit) {
  EXPECT_EQ(split_of_coco_json("a/instances_train2017.json"), "train");
  EXPECT_EQ(split_of_coco_json("a/instances_val.json"), "val");
  EXPECT_EQ(split_of_coco_json("valid.json"), "val");
  EXPECT_EQ(split_of_coco_json("my-validation-set.json"), "val");
  EXPECT_EQ(split_of_coco_json("image_info_test-dev2017.json"), "test");
  EXPECT_EQ(split_of_coco_json("train/val.json"), "val") << "the file before its folder";
}

TEST(CocoSplits, ElseTheFolderTellsIt) {
  EXPECT_EQ(split_of_coco_json("set/train/_annotations.coco.json"), "train");
  EXPECT_EQ(split_of_coco_json("set/valid/_annotations.coco.json"), "val");
  EXPECT_EQ(split_of_coco_json("set/test2017/x.json"), "test");
  EXPECT_EQ(split_of_coco_json("set/train/annotations/instances_default.json"), "train");
}

TEST(CocoSplits, PartsOfOtherWordsTellNothing) {
  for (const char* json :
       {"instances_default.json", "_annotations.coco.json", "intervals.json", "contest.json", "trainval.json",
        "train_and_val.json", "test-project/instances_default.json", "train/data/x.json"}) {
    EXPECT_EQ(split_of_coco_json(json), "") << json;
  }
}

TEST(CocoSplits, TheOtherSplitsHaveTheirWordExchanged) {
  const support::Folder folder;
  const fs::path root = folder.path();
  for (const char* name : {"annotations/instances_train2017.json", "annotations/instances_val2017.json",
                           "train/_annotations.coco.json", "valid/_annotations.coco.json",
                           "a/train/annotations/x.json", "a/validation/annotations/x.json"}) {
    write_file(root / name, "{}");
  }
  EXPECT_EQ(coco_json_of_split(root / "annotations/instances_train2017.json", "val"),
            root / "annotations/instances_val2017.json");
  EXPECT_EQ(coco_json_of_split(root / "annotations/instances_train2017.json", "train"),
            root / "annotations/instances_train2017.json");
  EXPECT_EQ(coco_json_of_split(root / "annotations/instances_train2017.json", "test"), "");
  EXPECT_EQ(coco_json_of_split(root / "valid/_annotations.coco.json", "train"),
            root / "train/_annotations.coco.json");
  EXPECT_EQ(coco_json_of_split(root / "train/_annotations.coco.json", "val"),
            root / "valid/_annotations.coco.json");
  EXPECT_EQ(coco_json_of_split(root / "a/train/annotations/x.json", "val"),
            root / "a/validation/annotations/x.json");
  EXPECT_EQ(coco_json_of_split(root / "x.json", "train"), "");
}

}  // namespace
}  // namespace y6q::data
