#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include "base/isa.h"
#include "training_case.h"

// One training step on batches of 8 random images of 320 x 320 with 8 objects each: float and QAT with a
// teacher. Loading images is not in it.
namespace y6q::train {
namespace {

using namespace training_case;

constexpr int64_t kBatch = 8, kSide = 320;

void run(benchmark::State& state, const Training& training, const std::string& bf16) {
  TrainRecipe recipe;
  recipe.bf16 = bf16;
  Learner learner(training, recipe, 0);
  const data::Batch batch = random_batch(kBatch, kSide);
  step(learner, batch);  // allocations and the choice of kernels
  for (auto _ : state) step(learner, batch);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  state.counters["images/s"] =
      benchmark::Counter(static_cast<double>(kBatch), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["peak_MB"] =
      static_cast<double>(usage.ru_maxrss) / 1024;  // of the process: run one at a time
  state.SetLabel(detect_isa().name());
}

void TrainStep(benchmark::State& state, const std::string& architecture, const std::string& bf16) {
  run(state, {.start = network(architecture, kSide)}, bf16);
}
void QatStep(benchmark::State& state, const std::string& architecture, const std::string& bf16) {
  run(state, quantized_training(architecture, kSide), bf16);
}

#define Y6Q_STEP(name, architecture, bf16)                                  \
  BENCHMARK_CAPTURE(name, architecture##_bf16_##bf16, #architecture, #bf16) \
      ->Unit(benchmark::kMillisecond)                                       \
      ->UseRealTime()
Y6Q_STEP(TrainStep, yolov6n, off);
Y6Q_STEP(TrainStep, yolov6n, on);
Y6Q_STEP(TrainStep, yolov6s, off);
Y6Q_STEP(TrainStep, yolov6s, on);
Y6Q_STEP(QatStep, yolov6n, off);
Y6Q_STEP(QatStep, yolov6n, on);
Y6Q_STEP(QatStep, yolov6s, off);
Y6Q_STEP(QatStep, yolov6s, on);
#undef Y6Q_STEP

}  // namespace
}  // namespace y6q::train
