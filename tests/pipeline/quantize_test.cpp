#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/drawn_set.h"

// A search that is killed, or shared, ends as one that was neither, and does nothing twice.
namespace y6q::pipeline {
namespace {

using nlohmann::json;
using support::Outcome;
using support::Process;
using testing::HasSubstr;
using testing::Not;

class QuantizeSearch : public testing::Test {
 protected:
  void SetUp() override {
    support::draw_set(Y6Q_PROGRAM, folder_ / "set");
    write_file(folder_ / "train.yaml", "{warmup_epochs: 0, eval_interval: 1, lr0: 0.5, lrf: 1}\n");
    const Outcome trained =
        support::run(Y6Q_PROGRAM, {"train", "--data", folder_ / "set/data.yaml", "--mode", "repvgg",
                                   "--img-size", "64", "--epochs", "3", "--batch-size", "8", "--recipe",
                                   folder_ / "train.yaml", "--out", folder_ / "float", "--threads", "1"});
    ASSERT_EQ(trained.code, 0) << trained.err;
  }

  /// By default nothing is fast enough, so that every trial is made or left out.
  std::vector<std::string> command(const std::string& out,
                                   const std::vector<std::string>& goal = {"--min-speedup", "1000"}) const {
    std::vector<std::string> words{"quantize",
                                   "--weights",
                                   folder_ / "float/best.safetensors",
                                   "--data",
                                   folder_ / "set/data.yaml",
                                   "--max-drop",
                                   "100",
                                   "--images",
                                   "8",
                                   "--epochs",
                                   "1",
                                   "--seconds",
                                   "0.01",
                                   "--rounds",
                                   "1",
                                   "--threads",
                                   "1",
                                   "--out",
                                   folder_ / out};
    words.insert(words.end(), goal.begin(), goal.end());
    return words;
  }
  /// As the task of that number of an array of two.
  Outcome run_task(const std::string& number, const std::string& out) const {
    std::vector<std::string> words{"SLURM_ARRAY_TASK_ID=" + number, "SLURM_ARRAY_TASK_COUNT=2", Y6Q_PROGRAM};
    std::ranges::copy(command(out), std::back_inserter(words));
    return support::run("/usr/bin/env", words);
  }
  json document(const std::string& out) const {
    return json::parse(read_file(folder_ / out + "/quantize.json"));
  }

  support::Folder folder_;
};

/// mAP and difference of each trial that was made.
std::map<std::string, std::pair<double, double>> numbers_of(const json& document) {
  std::map<std::string, std::pair<double, double>> numbers;
  for (const json& trial : document.at("trials")) {
    if (trial.at("made")) numbers[trial.at("title")] = {trial.at("map"), trial.at("to_float").at("value")};
  }
  return numbers;
}

/// A star stands for any part of the name of a trial's folder.
bool exists(const fs::path& folder, const fs::path& pattern) {
  const std::string trial = std::next(pattern.begin())->string();
  const size_t star = trial.find('*');
  if (star == std::string::npos) return fs::exists(folder / pattern);
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder / *pattern.begin(), none)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(trial.substr(0, star)) && name.ends_with(trial.substr(star + 1)) &&
        fs::exists(folder / *pattern.begin() / name / pattern.lexically_relative(*pattern.begin() / trial)))
      return true;
  }
  return false;
}

TEST_F(QuantizeSearch, EndsAtTheFirstTrialInsideTheBounds) {
  const Outcome outcome = support::run(Y6Q_PROGRAM, command("found", {}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json found = document("found");
  EXPECT_EQ(found.at("chosen"), found.at("trials").at(0).at("trial"));
  EXPECT_EQ(numbers_of(found).size(), 1U) << "a bound of 100 points is kept by the first trial";
  EXPECT_THAT(outcome.out, HasSubstr("inside, taken"));
  for (const char* file : {"best.safetensors", "best.onnx", "report.html"})
    EXPECT_TRUE(fs::exists(folder_.path() / "found" / file)) << file;
  EXPECT_EQ(found.at("engine"), "openvino");
  const auto choices_of = [&](const std::string& step) {
    return json::parse(read_file(folder_ / ("found/steps/" + step + ".json"))).at("premises").at("choices");
  };
  for (const std::string step : {"evaluate", "bench"})
    EXPECT_EQ(choices_of(found.at("chosen").get<std::string>() + "-" + step).at("engine"), "openvino")
        << step;
  const json surveyed = json::parse(read_file(folder_ / "found/survey/errors.json"));
  EXPECT_EQ(choices_of("survey-errors").at("calibrations").size(), surveyed.size())
      << "a calibration that is new is surveyed";
  const std::string page = read_file(folder_ / "found/report.html");
  EXPECT_THAT(page, HasSubstr("trials/" + found.at("chosen").get<std::string>() + "/result.json"));
}

TEST_F(QuantizeSearch, KilledAgainAndAgainEndsAsOneThatTwoTasksHaveShared) {
  Outcome first, second;
  std::jthread tasks([&] {  // beside the kills: neither waits for the other
    first = run_task("0", "shared");
    second = run_task("1", "shared");
  });
  const fs::path out = folder_.path() / "killed";
  const std::vector<std::pair<const char*, const char*>> moments{
      {"the calibrations are surveyed", "survey/errors.json"},
      {"the latencies are known", "survey/latencies.json"},
      {"a trial is done", "trials/01-*/result.json"},
      {"a trial is half done", "trials/04-*/int8.onnx"},
      {"partial quantization was left out", "trials/*-partial-1/result.json"},
      {"QAT has its first state", "trials/*-qat/qat/state.safetensors"}};
  for (const auto& [name, file] : moments) {
    const auto has_come = [&] { return exists(out, file); };
    Process process(Y6Q_PROGRAM, command("killed"));
    while (process.is_running() && !has_come()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_TRUE(process.is_running()) << name << ": never came";
    process.send(SIGKILL);
    EXPECT_EQ(process.finish().code, 128 + SIGKILL) << name;
  }
  const Outcome last = support::run(Y6Q_PROGRAM, command("killed"));
  tasks.join();
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("trials of other tasks are still to come"));
  EXPECT_EQ(second.code, 1) << second.err;
  EXPECT_THAT(second.err, HasSubstr("No trial is inside the bounds"));
  EXPECT_EQ(last.code, 1) << last.err;
  EXPECT_THAT(last.err, HasSubstr("-qat-calibrate: done before"));
  for (const auto& entry : fs::recursive_directory_iterator(out))
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr(".tmp-"))) << "left by a killed run";

  const json killed = document("killed"), shared = document("shared");
  EXPECT_EQ(numbers_of(killed), numbers_of(shared));
  const json calibrations = json::parse(read_file(folder_ / "killed/survey/errors.json"));
  EXPECT_EQ(numbers_of(killed).size(), calibrations.size() + 1)
      << "calibrations and QAT; with layers in float it is too slow";
  const auto layers = json::parse(read_file(folder_ / "killed/survey/sensitivity.json")).at("layers");
  const double least = layers.front().at("map"), largest = layers.back().at("map");
  EXPECT_LT(least, largest) << "layers are ranked, the most sensitive first";
  EXPECT_TRUE(exists(out, "trials/*-qat-partial-4/result.json"));
}

}  // namespace
}  // namespace y6q::pipeline
