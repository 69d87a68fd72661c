#include <gmock/gmock.h>

#include <chrono>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/drawn_set.h"

// A run that is killed and started again ends as one that never stopped, and does nothing twice.
namespace y6q::pipeline {
namespace {

using support::Outcome;
using support::Process;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSteps[]{"float",        "calibrate",       "export",      "build", "evaluate-float",
                               "evaluate-ptq", "evaluate-engine", "differences", "bench"};

class PipelineKill : public testing::Test {
 protected:
  void SetUp() override {
    support::draw_set(Y6Q_PROGRAM, folder_ / "set");
    write_recipe("max");
  }
  /// Short, without warm-up, at a high rate and with an evaluation each epoch, so that there are detections
  /// to compare, whatever the order of sums (with lr0 0.5 in each of 8 tries, on AVX2 and with BF16; with 0.3
  /// not).
  void write_recipe(const std::string& method) {
    write_file(folder_ / "recipe.yaml",
               "pipeline: {sensitivity: false, qat: false}\n"
               "train: {warmup_epochs: 0, eval_interval: 1, lr0: 0.5, lrf: 1}\n"
               "calibrate: {images: 16, method: " +
                   method +
                   "}\n"
                   "bench: {seconds: 0.01, rounds: 1}\n");
  }
  std::vector<std::string> command(const std::string& out) const {
    return {"pipeline",
            "--data",
            folder_ / "set/data.yaml",
            "--model",
            "yolov6n",
            "--mode",
            mode_,
            "--img-size",
            "64",
            "--epochs",
            "3",
            "--recipe",
            folder_ / "recipe.yaml",
            "--out",
            folder_ / out,
            "--batch-size",
            "8",
            "--threads",
            "1"};
  }
  Outcome run(const std::string& out) const { return support::run(Y6Q_PROGRAM, command(out)); }

  /// Starts the command and ends it by `signal` as soon as `moment` has come. False: it ended before.
  bool interrupt(const std::string& out, int signal, const std::function<bool()>& moment,
                 Outcome& outcome) const {
    Process process(Y6Q_PROGRAM, command(out));
    while (process.is_running() && !moment()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const bool in_time = process.is_running();
    process.send(signal);
    outcome = process.finish();
    return in_time;
  }
  std::string bytes(const std::string& name) const { return read_file(folder_ / name); }

  support::Folder folder_;
  std::string mode_ = "repvgg";
};

/// mAP and mAP50 of each row.
std::map<std::string, std::pair<double, double>> numbers_of(const std::string& summary) {
  std::map<std::string, std::pair<double, double>> numbers;
  const auto document = nlohmann::json::parse(summary);
  for (const auto& row : document.at("rows")) {
    numbers[row.at("model")] = {row.at("map"), row.at("map50")};
  }
  return numbers;
}

/// The file is being written (a temporary one lies beside its name, base/files.h), or has just been.
bool is_writing(const fs::path& file) {
  if (fs::exists(file)) return true;
  const std::string prefix = "." + file.filename().string() + ".tmp-";
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(file.parent_path(), error)) {
    if (entry.path().filename().string().starts_with(prefix)) return true;
  }
  return false;
}

TEST_F(PipelineKill, ARunThatIsKilledAgainAndAgainEndsAsOneThatWasNot) {
  ASSERT_EQ(run("whole").code, 0);
  const fs::path out = folder_.path() / "killed";
  auto exists = [&](const char* name) { return [&out, name] { return fs::exists(out / name); }; };
  const std::vector<std::pair<const char*, std::function<bool()>>> moments{
      {"the training state is being written", [&] { return is_writing(out / "float/state.safetensors"); }},
      {"the first epoch is done", exists("float/state.safetensors")},
      {"the second epoch is done",
       [&] {
         return fs::exists(out / "float/history.csv") &&
                bytes("killed/float/history.csv").find("\n1,") != std::string::npos;
       }},
      {"one of two float models is written", exists("float/best.safetensors")},
      {"calibration begins", exists("steps/float.json")},
      {"the calibrated model is being written",
       [&] { return is_writing(out / "calibrate/ptq.safetensors"); }},
      {"one of two files is exported", exists("export/float.onnx")},
      {"one of three models is evaluated", exists("steps/evaluate-float.json")},
      {"bench and report are missing", exists("steps/evaluate-engine.json")}};
  Outcome outcome;
  for (const auto& [name, moment] : moments) {
    EXPECT_TRUE(interrupt("killed", SIGKILL, moment, outcome)) << name << ": never came\n" << outcome.err;
    EXPECT_EQ(outcome.code, 128 + SIGKILL) << name;
  }
  const Outcome last = run("killed");
  ASSERT_EQ(last.code, 0) << last.err;
  for (const auto& entry : fs::recursive_directory_iterator(out)) {
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr(".tmp-"))) << "left by a killed run";
  }
  for (const char* file :
       {"float/best.safetensors", "float/last.safetensors", "calibrate/ptq.safetensors", "export/float.onnx",
        "export/ptq.onnx", "evaluate/float.detections.json", "evaluate/engine.detections.json"}) {
    EXPECT_TRUE(bytes(std::string("whole/") + file) == bytes(std::string("killed/") + file)) << file;
  }
  EXPECT_EQ(numbers_of(bytes("whole/summary.json")), numbers_of(bytes("killed/summary.json")));
  EXPECT_GT(bytes("whole/evaluate/engine.detections.json").size(), 100U) << "nothing was compared";
}

TEST_F(PipelineKill, AChangedRecipeKilledInItsFirstEpochDoesNotGoOnFromTheOldState) {
  ASSERT_EQ(run("changed").code, 0);
  const std::string begun = bytes("changed/steps/float.begun");
  write_file(folder_ / "recipe.yaml",
             "pipeline: {sensitivity: false, qat: false}\n"
             "train: {warmup_epochs: 0, eval_interval: 1, lr0: 0.1, lrf: 1}\n"
             "calibrate: {images: 16}\n"
             "bench: {seconds: 0.01, rounds: 1}\n");
  Outcome outcome;
  ASSERT_TRUE(interrupt(
      "changed", SIGKILL, [&] { return bytes("changed/steps/float.begun") != begun; }, outcome));
  const Outcome again = run("changed");
  EXPECT_EQ(again.code, 0) << again.err;
  ASSERT_EQ(run("fresh").code, 0);
  EXPECT_EQ(bytes("changed/float/best.safetensors"), bytes("fresh/float/best.safetensors"));
}

TEST_F(PipelineKill, CtrlCSavesSaysHowToGoOnAndTheEndIsTheSame) {
  ASSERT_EQ(run("whole").code, 0);
  Outcome outcome;
  const auto state = [&] { return fs::exists(folder_ / "stopped/float/state.safetensors"); };
  ASSERT_TRUE(interrupt("stopped", SIGINT, state, outcome));
  EXPECT_EQ(outcome.code, 130);
  EXPECT_THAT(outcome.err, HasSubstr("the same command goes on"));
  ASSERT_EQ(run("stopped").code, 0);
  EXPECT_TRUE(bytes("whole/float/best.safetensors") == bytes("stopped/float/best.safetensors"));
}

TEST_F(PipelineKill, TheSameCommandAgainDoesNothingAndAChangedOptionOnlyWhatDependsOnIt) {
  const Outcome first = run("run");
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.err, Not(HasSubstr("done before")));
  const auto made = fs::last_write_time(folder_ / "run/float/best.safetensors");
  const std::string summary = bytes("run/summary.json"), calibrated = bytes("run/calibrate/ptq.safetensors");

  const Outcome again = run("run");
  EXPECT_EQ(again.code, 0) << again.err;
  for (const char* step : kSteps) EXPECT_THAT(again.err, HasSubstr(std::string(step) + ": done before"));
  EXPECT_EQ(bytes("run/summary.json"), summary);

  write_recipe("percentile");
  const Outcome changed = run("run");
  EXPECT_EQ(changed.code, 0) << changed.err;
  for (const std::string step : kSteps) {
    const bool was_done = changed.err.find(", " + step + ": done before") != std::string::npos;
    EXPECT_EQ(was_done, step == "float" || step == "evaluate-float") << step;
  }
  EXPECT_NE(bytes("run/calibrate/ptq.safetensors"), calibrated);
  EXPECT_EQ(fs::last_write_time(folder_ / "run/float/best.safetensors"), made);
}

class TutorialKill : public PipelineKill {
 protected:
  void SetUp() override {
    PipelineKill::SetUp();
    mode_ = "repopt";
    write_file(folder_ / "recipe.yaml",
               "hyper_search: {warmup_epochs: 0, lr0: 0.1, lrf: 1}\n"
               "train: {warmup_epochs: 0, eval_interval: 1, lr0: 0.5, lrf: 1}\n"
               "calibrate: {images: 16, keep_float: 2, scheme: tensorrt}\n"
               "qat: {epochs: 2, lr0: 0.0001}\n"
               "bench: {seconds: 0.01, rounds: 1, batches: [1, 2]}\n");
  }
};

TEST_F(TutorialKill, EveryStepGoesOnAndTheEndIsTheSame) {
  const Outcome whole = run("whole");
  ASSERT_EQ(whole.code, 0) << whole.err;
  const fs::path out = folder_.path() / "killed";
  auto exists = [&](const char* name) { return [&out, name] { return fs::exists(out / name); }; };
  const std::vector<std::pair<const char*, std::function<bool()>>> moments{
      {"the search has saved a state", exists("search/state.safetensors")},
      {"scales are extracted", exists("search/scales.json")},
      {"the float network has saved a state", exists("float/state.safetensors")},
      {"some layers are measured", exists("sensitivity/sensitivity.json.part")},
      {"the partial model is there", exists("calibrate/partial.safetensors")},
      {"QAT has saved a state", exists("qat/state.safetensors")},
      {"QAT is evaluated", exists("steps/evaluate-qat.json")}};
  Outcome outcome;
  for (const auto& [name, moment] : moments) {
    EXPECT_TRUE(interrupt("killed", SIGKILL, moment, outcome)) << name << ": never came\n" << outcome.err;
  }
  const Outcome last = run("killed");
  ASSERT_EQ(last.code, 0) << last.err;
  for (const char* file : {"search/scales.json", "float/best.safetensors", "sensitivity/sensitivity.json",
                           "calibrate/partial.safetensors", "qat/last.safetensors", "export/engine.onnx",
                           "export/engine_qdq_free.cache", "evaluate/engine.detections.json"}) {
    EXPECT_TRUE(bytes(std::string("whole/") + file) == bytes(std::string("killed/") + file)) << file;
  }
  EXPECT_EQ(numbers_of(bytes("whole/summary.json")), numbers_of(bytes("killed/summary.json")));
  EXPECT_THAT(bytes("whole/report.html"), HasSubstr("images.quant"));  // a histogram of each quantizer
  for (const char* folder : {"search", "float", "qat"}) {
    const std::string csv = std::string("/") + folder + "/iterations.csv";
    EXPECT_EQ(bytes("whole" + csv), bytes("killed" + csv)) << "a line an iteration, none twice";
  }
}

TEST_F(TutorialKill, StepsCanBeChosen) {
  auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = command("run");
    arguments.insert(arguments.end(), more.begin(), more.end());
    return support::run(Y6Q_PROGRAM, arguments);
  };
  EXPECT_EQ(with({"--to", "nonsense"}).code, 2);
  EXPECT_EQ(with({"--from", "export", "--to", "float"}).code, 2);
  const Outcome early = with({"--from", "export"});
  EXPECT_EQ(early.code, 2);
  EXPECT_THAT(early.err, HasSubstr("hyper-search"));
  EXPECT_EQ(with({"--to", "scales"}).code, 0);
  EXPECT_TRUE(fs::exists(folder_ / "run/search/scales.json"));
  EXPECT_FALSE(fs::exists(folder_ / "run/float"));
  const Outcome next = with({"--from", "float", "--to", "float"});
  EXPECT_EQ(next.code, 0) << next.err;
  EXPECT_TRUE(fs::exists(folder_ / "run/float/best.safetensors"));
  EXPECT_FALSE(fs::exists(folder_ / "run/calibrate"));
}

TEST_F(PipelineKill, ADamagedOutputIsMadeAgain) {
  ASSERT_EQ(run("run").code, 0);
  const std::string calibrated = bytes("run/calibrate/ptq.safetensors");
  write_file(folder_ / "run/calibrate/ptq.safetensors", calibrated.substr(0, calibrated.size() / 2));
  const Outcome again = run("run");
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("float: done before"));
  EXPECT_THAT(again.err, Not(HasSubstr("calibrate: done before")));
  EXPECT_EQ(bytes("run/calibrate/ptq.safetensors"), calibrated);
}

}  // namespace
}  // namespace y6q::pipeline
