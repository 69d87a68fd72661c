#include "stages/batch_fit.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>

#include "base/errors.h"
#include "base/random.h"
#include "eager/device.h"
#include "train/learner.h"

namespace y6q::stages {
namespace {

constexpr int64_t kStep = 8;

/// The most memory that this process had since begin_peak, in bytes.
double peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("VmHWM:")) continue;
    double kibibytes = 0;
    const size_t digit = line.find_first_of("0123456789");
    if (digit == line.npos) break;
    std::from_chars(line.data() + digit, line.data() + line.size(), kibibytes);
    return kibibytes * 1024;
  }
  throw EnvironmentError(
      "--batch-size auto: this machine does not tell the memory of a process; give a number");
}

void begin_peak() {
  std::ofstream("/proc/self/clear_refs") << 5 << std::flush;  // proc(5): resets the peak
}

data::Batch noise(int64_t count, const std::array<int64_t, 2>& image_size) {
  data::Batch batch;
  batch.count = batch.whole_count = count;
  batch.height = image_size[0];
  batch.width = image_size[1];
  Random random(1);
  batch.images.resize(static_cast<size_t>(count * 3 * image_size[0] * image_size[1]));
  for (uint8_t& value : batch.images) value = static_cast<uint8_t>(random.bits() >> 56);
  constexpr int kObjects = 8;  // of an image
  for (int64_t i = 0; i < count; ++i) {
    for (int k = 0; k < kObjects; ++k)
      batch.targets.push_back({i, 0, 0.5F, 0.5F, 0.1F + 0.1F * static_cast<float>(k), 0.3F});
  }
  return batch;
}

double peak_of_step(train::Learner& learner, int64_t count, const TrainingPlan& plan) {
  begin_peak();
  learner.learn(noise(count, plan.info.image_size), 0);
  return peak_bytes();
}

}  // namespace

StepMemory step_memory(const TrainingPlan& plan, const Run& run) {
  train::Learner learner(plan.training, plan.recipe, plan.recipe.weight_decay, dist::alone(),
                         eager::open_device(run.device()));
  begin_peak();
  const double before = peak_bytes();
  const double small = peak_of_step(learner, kStep, plan), large = peak_of_step(learner, 2 * kStep, plan);
  const double per_image = std::max(1.0, (large - small) / static_cast<double>(kStep));
  return {std::max(0.0, small - before - per_image * static_cast<double>(kStep)), per_image};
}

int64_t fitting_batch(const StepMemory& memory, double budget, int64_t images) {
  const double fits = std::floor((budget - memory.fixed) / memory.per_image / static_cast<double>(kStep));
  const auto most = static_cast<double>(std::min(images / kLeastSteps, train::kLargestBatch) / kStep);
  return kStep * static_cast<int64_t>(std::max(1.0, std::min(fits, most)));
}

}  // namespace y6q::stages
