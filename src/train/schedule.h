#pragma once

#include <cstdint>

namespace y6q::train {

struct ScheduleOptions {
  int64_t epochs = 400, iterations_per_epoch = 1, batch_size = 32;
  double lr0 = 0.01, lrf = 0.01;  ///< first rate, and the last one as a share of it
  double momentum = 0.937, weight_decay = 5e-4;
  double warmup_epochs = 3;  ///< 0: no warm-up at all (as in QAT)
  int64_t warmup_min_iterations = 1000;
  double warmup_momentum = 0.8, warmup_bias_lr = 0.1;
  int64_t nominal_batch = 64;  ///< gradients are accumulated to about so many images; 0: no accumulation
  int64_t reference_batch =
      0;  ///< lr0 holds for so many images and is scaled by batch_size over it; 0: as given
  int64_t correction_epochs = 0;  ///< last ones, in which weights stay as they are
};

/// What one iteration runs with.
struct StepSettings {
  double lr = 0, weight_lr = 0, bias_lr = 0;  ///< of BN gains and ranges; of weights; of biases
  double momentum = 0;
  int64_t accumulate = 1;  ///< iterations to a step
};

/// Cosine schedule with linear warm-up (spec/02 §7). Epoch e runs with lambda(e) throughout; the reference
/// lags one epoch behind after warm-up.
class Schedule {
 public:
  /// Throws UsageError on settings out of range.
  explicit Schedule(const ScheduleOptions& options);

  /// ((1 - cos(pi e / E)) / 2) (lrf - 1) + 1.
  double lambda(int64_t epoch) const;
  int64_t warmup_iterations() const { return warmup_iterations_; }
  double lr0() const { return lr0_; }
  /// Scaled by the images of a step over nominal_batch.
  double weight_decay() const { return weight_decay_; }
  /// iteration: counted from the start of training.
  StepSettings at(int64_t iteration, int64_t epoch) const;

 private:
  ScheduleOptions options_;
  int64_t warmup_iterations_ = 0, accumulate_ = 1;
  double lr0_ = 0, weight_decay_ = 0;
};

/// Decides when accumulated gradients become a step: after `accumulate` iterations, and at the end of an
/// epoch with what is there (the reference drops it).
class Accumulation {
 public:
  /// True when this iteration ends with a step.
  bool add(int64_t accumulate, bool last_of_epoch) {
    ++pending_;
    const bool step = pending_ >= accumulate || last_of_epoch;
    if (step) pending_ = 0;
    return step;
  }
  int64_t pending() const { return pending_; }

 private:
  int64_t pending_ = 0;
};

}  // namespace y6q::train
