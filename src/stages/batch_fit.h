#pragma once

#include "stages/training_run.h"

namespace y6q::stages {

/// The share of the free memory that a chosen batch may take: images that are kept, evaluations and other
/// programs need the rest.
inline constexpr double kBatchMemoryShare = 0.6;
/// Steps that an epoch has at least, where the choice is free: a batch that fits may still be too large to
/// learn.
inline constexpr int64_t kLeastSteps = 16;

/// Bytes that a training step takes, beside the model: whatever the batch, and for each of its images.
struct StepMemory {
  double fixed = 0, per_image = 0;
};

/// Does a step with 8 images and one with 16, of noise, and looks at the memory of the process. Throws
/// EnvironmentError where the machine does not tell it.
StepMemory step_memory(const TrainingPlan& plan, const Run& run);

/// The largest multiple of 8 that takes at most `budget` bytes and leaves an epoch of `images` its steps; at
/// least 8.
int64_t fitting_batch(const StepMemory& memory, double budget, int64_t images);

}  // namespace y6q::stages
