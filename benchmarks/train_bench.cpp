#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include "base/isa.h"
#include "base/random.h"
#include "ir/queries.h"
#include "models/yolov6.h"
#include "passes/deploy.h"
#include "passes/insert_quantizers.h"
#include "train/learner.h"

// One training step (forward, loss, backward, optimizer, averages) on batches of 8 random images of 320 x 320
// with 8 objects each: float and QAT with a teacher. Loading images is not in it.
namespace y6q::train {
namespace {

constexpr int64_t kBatch = 8, kSide = 320, kClasses = 80, kObjects = 8;

data::Batch random_batch() {
  Random random(1);
  data::Batch batch;
  batch.count = kBatch;
  batch.height = batch.width = kSide;
  for (int64_t i = 0; i < kBatch * 3 * kSide * kSide; ++i) {
    batch.images.push_back(static_cast<uint8_t>(random.uniform(0, 256)));
  }
  const auto between = [&](double low, double high) { return static_cast<float>(random.uniform(low, high)); };
  for (int64_t i = 0; i < kBatch * kObjects; ++i) {
    batch.targets.push_back({i / kObjects, i % kClasses, between(0.3, 0.7), between(0.3, 0.7),
                             between(0.05, 0.5), between(0.05, 0.5)});
  }
  return batch;
}

ir::Model network(const std::string& architecture) {
  return models::yolov6(
      {.architecture = architecture, .class_count = kClasses, .image_size = {kSide, kSide}});
}

/// Every range is 1: what is computed makes no difference to the time.
Training quantized_training(const std::string& architecture) {
  const ir::Model teacher = passes::deploy(network(architecture));
  ir::Model student = passes::insert_quantizers(teacher, {});
  for (const ir::Value quantizer : ir::activation_quantizers(student.graph)) {
    const ir::Node& node = student.graph.node(quantizer);
    student.weights.at(student.graph.node(node.inputs[1]).name) = ir::Array::scalar(1);
  }
  return {.start = student, .masks = {}, .teacher = teacher};
}

void run(benchmark::State& state, const Training& training, const std::string& bf16) {
  TrainRecipe recipe;
  recipe.bf16 = bf16;
  Learner learner(training, recipe, 0);
  const data::Batch batch = random_batch();
  const StepSettings settings{.lr = 1e-5, .bias_lr = 1e-5, .momentum = 0.9};
  constexpr int64_t kEpochOfTal = 10;
  const auto step = [&] {
    benchmark::DoNotOptimize(learner.learn(batch, kEpochOfTal));
    learner.step(settings);
  };
  step();  // allocations and the choice of kernels
  for (auto _ : state) step();
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  state.counters["images/s"] =
      benchmark::Counter(static_cast<double>(kBatch), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["peak_MB"] =
      static_cast<double>(usage.ru_maxrss) / 1024;  // of the process: run one at a time
  state.SetLabel(detect_isa().name());
}

void TrainStep(benchmark::State& state, const std::string& architecture, const std::string& bf16) {
  run(state, {.start = network(architecture)}, bf16);
}
void QatStep(benchmark::State& state, const std::string& architecture, const std::string& bf16) {
  run(state, quantized_training(architecture), bf16);
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
