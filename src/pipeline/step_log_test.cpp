#include "pipeline/step_log.h"

#include <gmock/gmock.h>

#include "base/errors.h"
#include "support/folder.h"

namespace y6q::pipeline {
namespace {

class StepLogTest : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const { write_file(folder_ / name, text); }
  Step step() const {
    return {.phase = "float",
            .name = "train",
            .choices = {{"epochs", 3}},
            .needs = {folder_ / "in/a.safetensors"},
            .makes = {folder_ / "out/best.safetensors"}};
  }
  void SetUp() override {
    write("in/a.safetensors", "in");
    write("out/best.safetensors", "out");
  }

  support::Folder folder_;
  StepLog log_{folder_.path()};
};

TEST_F(StepLogTest, AStepIsDoneOnceItIsMarked) {
  EXPECT_FALSE(log_.is_done(step()));
  log_.mark_done(step(), 2.5);
  EXPECT_TRUE(log_.is_done(step()));
  EXPECT_EQ(log_.seconds("train"), 2.5);
  EXPECT_EQ(log_.seconds("another"), 0);
}

TEST_F(StepLogTest, ChangedChoicesInputsAndOutputsUndoIt) {
  log_.mark_done(step(), 1);
  Step other = step();
  other.choices["epochs"] = 4;
  EXPECT_FALSE(log_.is_done(other));
  write("in/a.safetensors", "IN");
  EXPECT_FALSE(log_.is_done(step()));
  write("in/a.safetensors", "in");
  EXPECT_TRUE(log_.is_done(step()));
  write("out/best.safetensors", "OUT");
  EXPECT_FALSE(log_.is_done(step()));
  fs::remove(folder_ / "out/best.safetensors");
  EXPECT_FALSE(log_.is_done(step()));
}

TEST_F(StepLogTest, FilesOfOneNameInTwoFoldersAreTwoInputs) {
  write("first/best.safetensors", "1");
  write("second/best.safetensors", "2");
  Step both = step();
  both.needs = {folder_ / "first/best.safetensors", folder_ / "second/best.safetensors"};
  log_.mark_done(both, 1);
  EXPECT_TRUE(log_.is_done(both));
  write("first/best.safetensors", "changed");
  EXPECT_FALSE(log_.is_done(both));
}

TEST_F(StepLogTest, ARunThatWasMovedKeepsItsSteps) {
  log_.mark_done(step(), 1);
  const fs::path elsewhere = folder_.path() / "elsewhere";
  fs::create_directory(elsewhere);
  for (const char* part : {"in", "out", "steps"}) fs::rename(folder_ / part, elsewhere / part);
  Step moved = step();
  moved.needs = {elsewhere / "in/a.safetensors"};
  moved.makes = {elsewhere / "out/best.safetensors"};
  EXPECT_TRUE(StepLog(elsewhere).is_done(moved));
}

TEST_F(StepLogTest, ADamagedRecordCountsAsNone) {
  log_.mark_done(step(), 1);
  for (const char* text : {"", "{", "[]", "{\"premises\": 3}"}) {
    write("steps/train.json", text);
    EXPECT_FALSE(log_.is_done(step())) << text;
    EXPECT_EQ(log_.seconds("train"), 0) << text;
    EXPECT_EQ(log_.other_build("train"), "") << text;
  }
}

TEST_F(StepLogTest, AnotherBuildIsNotedAndDoesNotUndo) {
  log_.mark_done(step(), 1);
  EXPECT_EQ(log_.other_build("train"), "");
  auto record = nlohmann::json::parse(read_file(folder_ / "steps/train.json"));
  record["build"] = "0123456789ab";
  write("steps/train.json", record.dump());
  EXPECT_TRUE(log_.is_done(step()));
  EXPECT_EQ(log_.other_build("train"), "0123456789ab");
}

TEST_F(StepLogTest, ABegunStepBeginsAnewWhenItsChoicesChange) {
  EXPECT_TRUE(log_.begins_anew(step()));
  log_.mark_begun(step());
  EXPECT_FALSE(log_.begins_anew(step()));
  Step other = step();
  other.choices["epochs"] = 4;
  EXPECT_TRUE(log_.begins_anew(other));
}

TEST_F(StepLogTest, AStepWithoutItsOutputIsABug) {
  fs::remove(folder_ / "out/best.safetensors");
  EXPECT_THROW(log_.mark_done(step(), 1), InternalError);
}

}  // namespace
}  // namespace y6q::pipeline
