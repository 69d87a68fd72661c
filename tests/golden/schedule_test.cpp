#include "train/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "golden/golden.h"
#include "train/fused.h"

namespace y6q::train {
namespace {

double ema_decay_of(int64_t update) { return 0.9999 * (1 - std::exp(-static_cast<double>(update) / 2000)); }

class RecordedSchedule : public testing::TestWithParam<const char*> {};

ScheduleOptions options_of(const nlohmann::json& recorded) {
  const auto& solver = recorded["solver"];
  ScheduleOptions options{.epochs = recorded["epochs"],
                          .iterations_per_epoch = recorded["iterations_per_epoch"],
                          .batch_size = recorded["batch"],
                          .lr0 = solver["lr0"],
                          .lrf = solver["lrf"],
                          .momentum = solver["momentum"],
                          .weight_decay = solver["weight_decay"],
                          .warmup_epochs = solver["warmup_epochs"],
                          .warmup_momentum = solver["warmup_momentum"],
                          .warmup_bias_lr = solver["warmup_bias_lr"]};
  if (recorded["quant"]) options.warmup_epochs = 0;
  if (recorded["optimizer"] == "plain") options.reference_batch = 32;
  return options;
}

// The reference's quirks are applied here: after the epoch in which warm-up ends the rate lags one epoch, and
// a step is taken when `accumulate` iterations have passed whatever epoch they belong to.
TEST_P(RecordedSchedule, AgreesIterationByIteration) {
  Y6Q_NEED_GOLDEN();
  const auto recorded = golden::json(std::string("schedule/") + GetParam());
  const ScheduleOptions options = options_of(recorded);
  const Schedule schedule(options);
  EXPECT_EQ(schedule.warmup_iterations(), recorded["warmup_iterations"].get<int64_t>());
  EXPECT_NEAR(schedule.weight_decay(), recorded["weight_decay"][1].get<double>(), 1e-15);
  EXPECT_NEAR(schedule.lr0(), recorded["initial_lr"][0].get<double>(), 1e-15);

  const auto& rows = recorded["rows"];
  size_t row = 0;
  int64_t last_step = -1, steps = 0;
  for (int64_t iteration = 0; iteration < options.epochs * options.iterations_per_epoch; ++iteration) {
    const int64_t epoch = iteration / options.iterations_per_epoch;
    const bool lagging = epoch > schedule.warmup_iterations() / options.iterations_per_epoch;
    const StepSettings settings = schedule.at(iteration, lagging ? epoch - 1 : epoch);
    const bool stepped = iteration - last_step >= settings.accumulate;
    if (stepped) last_step = iteration, ++steps;
    if (row == rows.size() || rows[row][0] != iteration) continue;
    const std::vector<double> want = rows[row++];
    const std::vector<double> got{static_cast<double>(iteration),
                                  static_cast<double>(epoch),
                                  static_cast<double>(settings.accumulate),
                                  stepped ? 1.0 : 0.0,
                                  settings.lr,
                                  settings.lr,
                                  settings.bias_lr,
                                  settings.momentum,
                                  static_cast<double>(steps),
                                  ema_decay_of(steps)};
    golden::expect_close(got, want, {.rtol = 1e-9}, "iteration " + std::to_string(iteration));
  }
  EXPECT_EQ(row, rows.size());
  EXPECT_EQ(steps, recorded["total_optimizer_steps"].get<int64_t>());
}

INSTANTIATE_TEST_SUITE_P(Golden, RecordedSchedule,
                         testing::Values("repopt_13", "qat_13", "qat_13_batch48", "repopt_s_400",
                                         "hyper_search_plain_400"),
                         [](const auto& test) { return std::string(test.param); });

TEST(GoldenSchedule, BatchSizeScalesRateAndDecay) {
  Y6Q_NEED_GOLDEN();
  const auto recorded = golden::json("schedule/batch_scaling");
  for (const auto& row : recorded["rows"]) {
    for (const char* optimizer : {"repopt", "plain"}) {
      const bool plain = std::string(optimizer) == "plain";
      const Schedule schedule({.batch_size = row["batch"],
                               .lr0 = recorded["base"]["lr0"],
                               .weight_decay = recorded["base"]["weight_decay"],
                               .warmup_epochs = 0,
                               .reference_batch = plain ? recorded["base"]["bs_per_gpu"].get<int64_t>() : 0});
      EXPECT_NEAR(schedule.lr0(), row[optimizer]["lr0"].get<double>(), 1e-15) << row;
      EXPECT_NEAR(schedule.weight_decay(), row[optimizer]["weight_decay"].get<double>(), 1e-15) << row;
      EXPECT_EQ(schedule.at(0, 0).accumulate, row["accumulate"].get<int64_t>()) << row;
    }
  }
}

TEST(GoldenSchedule, AveragesOfFourUpdates) {
  Y6Q_NEED_GOLDEN();
  const auto recorded = golden::tensors("schedule/ema");
  for (const auto& [name, tensor] : recorded.tensors()) {
    if (!name.starts_with("start/") || tensor.dtype != formats::DType::f32) continue;
    const std::string key = name.substr(6);
    std::vector<float> average = recorded.floats(name).floats();
    for (int64_t update = 1; update <= 4; ++update) {
      const std::string index = std::to_string(update - 1);
      const auto model = recorded.floats("model" + index + "/" + key);
      average_update(average.data(), model.floats().data(), static_cast<int64_t>(average.size()),
                     ema_decay_of(update));
      golden::expect_close(average, recorded.floats("ema" + index + "/" + key).floats(),
                           {.rtol = 1e-5, .atol = 1e-9}, key + " " + index);
    }
  }
}

}  // namespace
}  // namespace y6q::train
