#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>

#include "support/drawn_set.h"

// A search over networks that is killed, or shared, ends as one that was neither, and does nothing twice.
namespace y6q::pipeline {
namespace {

using nlohmann::json;
using support::Outcome;
using support::Process;
using testing::HasSubstr;
using testing::Not;

class NetworkSearch : public testing::Test {
 protected:
  void SetUp() override {
    support::draw_set(Y6Q_PROGRAM, folder_ / "set");
    write_file(folder_ / "recipe.yaml",
               "train: {batch_size: 8, warmup_epochs: 0, lr0: 0.5, lrf: 1}\n"
               "calibrate: {images: 8}\nbench: {seconds: 0.01, rounds: 1}\n");
  }
  void TearDown() override {
    for (const char* name : {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT"}) ::unsetenv(name);
  }
  static void be_task(const char* number) {
    ::setenv("SLURM_ARRAY_TASK_ID", number, 1);
    ::setenv("SLURM_ARRAY_TASK_COUNT", "2", 1);
  }

  /// Two candidates, and a round of one epoch before that of two. The bound leaves accuracy alone to decide:
  /// latencies differ from run to run.
  std::vector<std::string> command(const std::string& out, const char* max_ms = "100000",
                                   const char* modes = "repopt,qarepvgg") const {
    return {"search",
            "--data",
            folder_ / "set/data.yaml",
            "--models",
            "yolov6n",
            "--modes",
            modes,
            "--img-sizes",
            "64",
            "--halvings",
            "1",
            "--recipe",
            folder_ / "recipe.yaml",
            "--epochs",
            "2",
            "--max-ms",
            max_ms,
            "--threads",
            "1",
            "--out",
            folder_ / out};
  }
  json document(const std::string& out) const {
    return json::parse(read_file(folder_ / out + "/search.json"));
  }

  support::Folder folder_;
};

/// What each candidate came to in each round, but for what is measured in time.
json numbers_of(const json& document) {
  json numbers = json::object();
  for (const json& candidate : document.at("candidates")) {
    json rounds = candidate.at("rounds");
    for (json& round : rounds) {
      if (!round.is_null()) round.erase("latency_ms"), round.erase("seconds");
    }
    numbers[candidate.at("candidate").get<std::string>()] = rounds;
  }
  return numbers;
}

TEST_F(NetworkSearch, TrainsNothingThatIsTooSlowAndTrainsItOnceTheBoundIsWider) {
  const std::string name = "search/round-1/yolov6n-repopt-64x64";
  const Outcome slow = support::run(Y6Q_PROGRAM, command("search", "0.001"));
  EXPECT_EQ(slow.code, 1) << slow.err;
  EXPECT_THAT(slow.err, HasSubstr("No candidate takes at most 0.001 ms"));
  EXPECT_TRUE(fs::exists(folder_.path() / name / "result.json"));
  EXPECT_FALSE(fs::exists(folder_.path() / name / "search")) << "its latency was known before";

  const Outcome wide = support::run(Y6Q_PROGRAM, command("search", "100000", "qarepvgg"));
  ASSERT_EQ(wide.code, 0) << wide.err;
  const json found = document("search");
  EXPECT_EQ(found.at("best"), "yolov6n-qarepvgg-64x64");
  EXPECT_EQ(found.at("candidates").at(0).at("rounds").size(), 1U) << "one candidate has nothing to be halved";
  EXPECT_EQ(found.at("candidates").at(0).at("rounds").at(0).at("epochs"), 2);
  EXPECT_EQ(read_file(folder_ / "search/best.onnx"),
            read_file(folder_ / "search/round-1/yolov6n-qarepvgg-64x64/export/engine.onnx"));
  EXPECT_THAT(read_file(folder_ / "search/report.html"), HasSubstr("yolov6n-qarepvgg-64x64/result.json"));
}

TEST_F(NetworkSearch, KilledAgainAndAgainEndsAsOneThatTwoTasksHaveShared) {
  be_task("0");
  const Outcome first = support::run(Y6Q_PROGRAM, command("shared"));
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("1 of 2 candidates of round 1 are still to come"));
  be_task("1");
  const Outcome second = support::run(Y6Q_PROGRAM, command("shared"));
  ASSERT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("1 of 1 candidates of round 2 are still to come"));
  be_task("0");
  const Outcome third = support::run(Y6Q_PROGRAM, command("shared"));
  ASSERT_EQ(third.code, 0) << third.err;
  TearDown();

  const fs::path out = folder_.path() / "killed", repopt = out / "round-1/yolov6n-repopt-64x64";
  for (const fs::path& file :
       {out / "survey/latencies.json", repopt / "search/state.safetensors", repopt / "export/engine.onnx",
        out / "round-1/yolov6n-qarepvgg-64x64/result.json"}) {
    Process process(Y6Q_PROGRAM, command("killed"));
    while (process.is_running() && !fs::exists(file))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_TRUE(process.is_running()) << file << ": never came";
    process.send(SIGKILL);
    EXPECT_EQ(process.finish().code, 128 + SIGKILL) << file;
  }
  const Outcome last = support::run(Y6Q_PROGRAM, command("killed"));
  ASSERT_EQ(last.code, 0) << last.err;
  for (const auto& entry : fs::recursive_directory_iterator(out))
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr(".tmp-"))) << "left by a killed run";

  const json killed = document("killed"), shared = document("shared");
  EXPECT_EQ(numbers_of(killed), numbers_of(shared));
  const json rounds = numbers_of(killed).at(killed.at("best").get<std::string>());
  EXPECT_EQ(rounds.at(0).at("epochs"), 1);
  EXPECT_EQ(rounds.at(1).at("epochs"), 2);
  EXPECT_EQ(fs::exists(out / "scales.json"), killed.at("best") == "yolov6n-repopt-64x64");
  EXPECT_EQ(read_file(out / "best.safetensors"),
            read_file(out / "round-2" / killed.at("best").get<std::string>() / "float/best.safetensors"));
}

}  // namespace
}  // namespace y6q::pipeline
