#include "pipeline/trial.h"

#include <gmock/gmock.h>

#include <set>

namespace y6q::pipeline {
namespace {

TrialResult result(double drop_points, double low_points, double speedup) {
  TrialResult made{.map = 0.5, .map50 = 0.7};
  made.to_float = {-drop_points / 100, -low_points / 100, 0, 0.5};
  made.ms = 10 / speedup, made.speedup = speedup, made.seconds = 3;
  return made;
}

bool is_repaired(const ptq::RangeOptions& ranges) { return ranges.equalize || ranges.adaptive_rounding; }

TEST(Trials, GoFromCheapToDear) {
  // The errors of calibrations(): mse changes the predictions least, then the last one, which is a repair.
  std::vector<double> errors;
  for (const CalibrationKind& kind : calibrations()) errors.push_back(kind.name == "mse" ? 1 : 5);
  errors.back() = 2;
  const std::vector<Trial> trials = trials_of({}, errors);
  EXPECT_EQ(trials[0].title, "mse");
  // 0: calibrated as it is; 1: repaired; 2: partial; 3: QAT.
  std::vector<int> kinds;
  std::set<std::string> names;
  for (const Trial& trial : trials) {
    const bool is_partial = trial.settings.keep_float_count > 0;
    kinds.push_back(trial.has_qat ? 3 : is_partial ? 2 : is_repaired(trial.settings.ranges) ? 1 : 0);
    names.insert(trial.name);
    // What comes after the calibrations is of the best of them.
    if (kinds.back() < 2) continue;
    EXPECT_EQ(trial.settings.ranges.method, quant::RangeMethod::mse) << trial.title;
  }
  EXPECT_TRUE(std::ranges::is_sorted(kinds)) << testing::PrintToString(kinds);
  EXPECT_EQ(std::set(kinds.begin(), kinds.end()), (std::set{0, 1, 2, 3}));
  EXPECT_EQ(names.size(), trials.size());
}

TEST(Trials, KeepWhatIsCommon) {
  const std::vector<double> errors(calibrations().size(), 1);
  for (const Trial& trial : trials_of({.scheme = quant::Scheme::tensorrt, .images = 7}, errors)) {
    EXPECT_EQ(trial.settings.ranges.scheme, quant::Scheme::tensorrt) << trial.title;
    EXPECT_EQ(trial.settings.ranges.images, 7) << trial.title;
  }
}

TEST(Trials, AResultIsReadAsItWasWritten) {
  TrialResult made = result(0.3, 0.5, 2);
  made.predicted_ms = 4.5;
  EXPECT_EQ(to_json(trial_result_of(to_json(made))), to_json(made));
  EXPECT_EQ(to_json(made).at("latency_ms"), 5.0);
  const TrialResult skipped{.skipped = "too slow"};
  EXPECT_EQ(trial_result_of(to_json(skipped)).skipped, "too slow");
  EXPECT_THROW(trial_result_of({{"seconds", 1}}), nlohmann::json::exception);
}

TEST(TrialBounds, TheLossThatWasMeasuredCountsOrWithAConfidenceTheLargestOne) {
  const TrialResult made = result(0.2, 0.6, 2);
  EXPECT_TRUE(is_inside(made, {.max_drop = 0.3}));
  EXPECT_FALSE(is_inside(made, {.max_drop = 0.1}));
  EXPECT_FALSE(is_inside(made, {.max_drop = 0.3, .confidence = 0.95}));
  EXPECT_TRUE(is_inside(made, {.max_drop = 0.7, .confidence = 0.95}));
}

TEST(TrialBounds, ATrialHasToBeFastEnough) {
  EXPECT_TRUE(is_inside(result(0, 0, 1.5), {.max_drop = 1, .min_speedup = 1.5}));
  EXPECT_FALSE(is_inside(result(0, 0, 1.4), {.max_drop = 1, .min_speedup = 1.5}));
}

TEST(TrialBounds, ATrialThatWasNotMadeIsNotInside) {
  EXPECT_FALSE(is_inside({.skipped = "too slow"}, {.max_drop = 100}));
}

TEST(Choice, IsTheFirstTrialInsideTheBounds) {
  const std::vector<TrialRow> rows{
      {{}, result(0.9, 0.9, 2)}, {{}, {}}, {{}, result(0.4, 0.4, 2)}, {{}, result(0, 0, 2)}};
  EXPECT_EQ(choice_of(rows, {.max_drop = 0.5}), 2U);
}

TEST(Choice, OutsideTheBoundsIsTheMostAccurateThatIsFastEnough) {
  const std::vector<TrialRow> rows{{{}, result(0.9, 0.9, 2)},
                                   {{}, result(0.1, 0.1, 1.1)},
                                   {{}, result(0.6, 0.6, 1.6)},
                                   {{}, TrialResult{.skipped = "too slow"}}};
  EXPECT_EQ(choice_of(rows, {.max_drop = 0.05, .min_speedup = 1.5}), 2U);
  EXPECT_EQ(choice_of(rows, {.max_drop = 0.05, .min_speedup = 3}), 0U) << "none is: the fastest";
  EXPECT_EQ(choice_of(rows, {.max_drop = 0.05}), 1U);
}

TEST(Choice, WithoutTrialsThereIsNone) {
  EXPECT_EQ(choice_of({}, {}), std::nullopt);
  const std::vector<TrialRow> skipped{{{}, TrialResult{.skipped = "too slow"}}};
  EXPECT_EQ(choice_of(skipped, {}), std::nullopt);
}

}  // namespace
}  // namespace y6q::pipeline
