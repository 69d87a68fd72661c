#include "pipeline/runner.h"

#include <gmock/gmock.h>

#include "base/errors.h"
#include "support/folder.h"

namespace y6q::pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Messages : public Monitor {
 public:
  void begin(std::string_view, int64_t, std::string_view) override {}
  void advance(int64_t, std::string_view) override {}
  void end() override {}
  void message(std::string_view line) override { lines.emplace_back(line); }
  bool stop_requested() const override { return false; }
  std::vector<std::string> lines;
};

class RunnerTest : public testing::Test {
 protected:
  /// Copies what it needs and adds a letter.
  Step step(std::string_view phase, const std::string& name, std::vector<fs::path> needs) {
    const fs::path out = folder_ / (name + ".txt");
    return {.phase = phase, .name = name, .needs = needs, .makes = {out}, .work = [=, this](stages::Run&) {
              ran_.push_back(name);
              write_file(out, (needs.empty() ? "" : read_file(needs[0])) + name.front());
            }};
  }
  std::vector<Step> chain() {
    return {step("float", "float", {}), step("calibrate", "calibrate", {folder_ / "float.txt"}),
            step("export", "export", {folder_ / "calibrate.txt"})};
  }
  void run(const std::vector<Step>& steps, const std::string& from = "", const std::string& to = "") {
    ran_.clear();
    const PhaseRange range = phase_range(from, to);
    require_earlier(steps, range);
    run_steps(steps, range, StepLog(folder_.path()), run_);
  }

  support::Folder folder_;
  Messages monitor_;
  stages::Run run_{{}, monitor_};
  std::vector<std::string> ran_;
};

TEST_F(RunnerTest, RunsWhatIsNotDone) {
  run(chain());
  EXPECT_THAT(ran_, ElementsAre("float", "calibrate", "export"));
  EXPECT_EQ(read_file(folder_ / "export.txt"), "fce");
  run(chain());
  EXPECT_TRUE(ran_.empty());
  EXPECT_THAT(monitor_.lines,
              ElementsAre("step 1 of 3, float", "step 2 of 3, calibrate", "step 3 of 3, export",
                          "step 1 of 3, float: done before", "step 2 of 3, calibrate: done before",
                          "step 3 of 3, export: done before"));
}

TEST_F(RunnerTest, AChangedChoiceRunsWhatDependsOnIt) {
  run(chain());
  std::vector<Step> steps = chain();
  steps[1].choices["method"] = "mse";
  run(steps);
  EXPECT_THAT(ran_, ElementsAre("calibrate")) << "its file is as before, so export is done";
  steps[1].choices["method"] = "entropy";
  steps[1].work = [this](stages::Run&) { write_file(folder_ / "calibrate.txt", "other"); };
  run(steps);
  EXPECT_THAT(ran_, ElementsAre("export"));
}

TEST_F(RunnerTest, ARangeTakesEarlierStepsAsTheyAre) {
  run(chain(), "", "calibrate");
  EXPECT_THAT(ran_, ElementsAre("float", "calibrate"));
  std::vector<Step> steps = chain();
  steps[0].choices["epochs"] = 7;
  run(steps, "export");
  EXPECT_THAT(ran_, ElementsAre("export"));
}

TEST_F(RunnerTest, AMissingFileOfAnEarlierStepNamesTheWayOut) {
  try {
    run(chain(), "export");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("--from export"), HasSubstr("float.txt"),
                                             HasSubstr("--from float")));
  }
  EXPECT_TRUE(ran_.empty());
}

TEST_F(RunnerTest, RangesAreNamesOfPhases) {
  EXPECT_THROW(phase_range("nonsense", ""), UsageError);
  EXPECT_THROW(phase_range("export", "float"), UsageError);
  EXPECT_EQ(phase_range("", "").last, kPhases.size() - 1);
}

TEST_F(RunnerTest, AStateOfOtherChoicesIsRemovedAndOneOfTheSameIsKept) {
  std::vector<Step> steps{step("float", "float", {})};
  steps[0].state = folder_ / "state";
  bool found = false;
  const auto stop = [&](stages::Run&) {
    found = fs::exists(folder_ / "state");
    write_file(folder_ / "state", "half");
    throw Interrupted("stopped");
  };
  steps[0].work = stop;
  EXPECT_THROW(run(steps), Interrupted);
  EXPECT_FALSE(found);
  EXPECT_THROW(run(steps), Interrupted);
  EXPECT_TRUE(found) << "the same choices go on";
  steps[0].choices["epochs"] = 7;
  EXPECT_THROW(run(steps), Interrupted);
  EXPECT_FALSE(found) << "other choices begin anew";
}

TEST_F(RunnerTest, AStepThatMakesNothingRunsEachTime) {
  const std::vector<Step> steps{
      {.phase = "report", .name = "report", .work = [this](stages::Run&) { ran_.emplace_back("report"); }}};
  run(steps);
  run(steps);
  EXPECT_THAT(ran_, ElementsAre("report"));
}

}  // namespace
}  // namespace y6q::pipeline
