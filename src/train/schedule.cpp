#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/errors.h"

namespace y6q::train {
namespace {

void check(const ScheduleOptions& options) {
  auto require = [](bool good, const char* name, double value, const char* accepted) {
    if (!good) throw UsageError("schedule: {} is {}; {} is accepted", name, value, accepted);
  };
  const auto number = [](int64_t value) { return static_cast<double>(value); };
  require(options.epochs >= 1, "epochs", number(options.epochs), "at least 1");
  require(options.iterations_per_epoch >= 1, "iterations_per_epoch", number(options.iterations_per_epoch),
          "at least 1");
  require(options.batch_size >= 1, "batch_size", number(options.batch_size), "at least 1");
  require(options.lr0 >= 0 && std::isfinite(options.lr0), "lr0", options.lr0, "a number from 0");
  require(options.lrf >= 0 && options.lrf <= 1, "lrf", options.lrf, "0 to 1");
  require(options.momentum > 0 && options.momentum < 1, "momentum", options.momentum,
          "a number between 0 and 1");
  require(options.weight_decay >= 0 && options.weight_decay < 1, "weight_decay", options.weight_decay,
          "0 to 1");
  require(options.warmup_epochs >= 0 && options.warmup_epochs < 1e6, "warmup_epochs", options.warmup_epochs,
          "a number from 0");
  require(options.warmup_min_iterations >= 0, "warmup_min_iterations", number(options.warmup_min_iterations),
          "a number from 0");
  require(options.nominal_batch >= 0, "nominal_batch", number(options.nominal_batch), "a number from 0");
  require(options.reference_batch >= 0, "reference_batch", number(options.reference_batch),
          "a number from 0");
  require(options.correction_epochs >= 0, "correction_epochs", number(options.correction_epochs),
          "a number from 0");
}

/// Half to even, as in the reference.
int64_t rounded(double value) { return static_cast<int64_t>(std::nearbyint(value)); }

}  // namespace

Schedule::Schedule(const ScheduleOptions& options) : options_(options) {
  check(options);
  const auto batch = static_cast<double>(options.batch_size);
  if (options.warmup_epochs > 0) {
    warmup_iterations_ =
        std::max(rounded(options.warmup_epochs * static_cast<double>(options.iterations_per_epoch)),
                 options.warmup_min_iterations);
  }
  lr0_ = options.lr0;
  if (options.reference_batch > 0) lr0_ *= batch / static_cast<double>(options.reference_batch);
  weight_decay_ = options.weight_decay;
  if (options.nominal_batch > 0) {
    const auto nominal = static_cast<double>(options.nominal_batch);
    accumulate_ = std::max(int64_t{1}, rounded(nominal / batch));
    weight_decay_ *= batch * static_cast<double>(accumulate_) / nominal;
  }
}

double Schedule::lambda(int64_t epoch) const {
  const double angle = std::numbers::pi * static_cast<double>(epoch) / static_cast<double>(options_.epochs);
  return (1 - std::cos(angle)) / 2 * (options_.lrf - 1) + 1;
}

StepSettings Schedule::at(int64_t iteration, int64_t epoch) const {
  const double lr = lr0_ * lambda(epoch);
  const double of_weights = epoch >= options_.epochs - options_.correction_epochs ? 0 : 1;
  if (iteration >= warmup_iterations_) return {lr, of_weights * lr, lr, options_.momentum, accumulate_};
  const double share = static_cast<double>(iteration) / static_cast<double>(warmup_iterations_);
  const auto blend = [share](double from, double to) { return from + (to - from) * share; };
  StepSettings settings{blend(0, lr), of_weights * blend(0, lr), blend(options_.warmup_bias_lr, lr),
                        blend(options_.warmup_momentum, options_.momentum), 1};
  if (options_.nominal_batch > 0) {
    const double full =
        static_cast<double>(options_.nominal_batch) / static_cast<double>(options_.batch_size);
    settings.accumulate = std::max(int64_t{1}, rounded(blend(1, full)));
  }
  return settings;
}

}  // namespace y6q::train
