#include <benchmark/benchmark.h>

#include "base/isa.h"
#include "base/random.h"
#include "train/batched_iou.h"
#include "train/batched_loss.h"
#include "train/detection_loss.h"

// The detection loss of one batch, value and gradients (backward pass included), on the CPU: TAL, GIoU, 8
// objects an image; by loops, by batched operators with gradients in closed form, and by batched operators
// that are left to LibTorch's differentiation.
namespace y6q::train {
namespace {

constexpr int64_t kStrides[] = {8, 16, 32}, kObjects = 8, kEpochOfTal = 10;

struct Scene {
  std::vector<Level> levels;
  std::vector<data::Target> targets;
  Predictions predictions;
};

Scene random_scene(int64_t batch, int64_t side, int64_t classes, int64_t reg_max) {
  Random random(1);
  Scene scene;
  scene.levels = levels_of(side, side, kStrides);
  const int64_t anchors = AnchorGrid(scene.levels).count();
  const auto between = [&](double low, double high) { return static_cast<float>(random.uniform(low, high)); };
  for (int64_t i = 0; i < batch * kObjects; ++i) {
    scene.targets.push_back({i / kObjects, i % classes, between(0.3, 0.7), between(0.3, 0.7),
                             between(0.05, 0.5), between(0.05, 0.5)});
  }
  torch::manual_seed(1);
  scene.predictions = {torch::randn({batch, anchors, classes}) - 4,
                       torch::rand({batch, anchors, 4 * (reg_max + 1)}) * 4};
  for (torch::Tensor* leaf : {&scene.predictions.logits, &scene.predictions.distances}) {
    leaf->requires_grad_();
  }
  return scene;
}

void report(benchmark::State& state, int64_t batch) {
  state.counters["images/s"] =
      benchmark::Counter(static_cast<double>(batch), benchmark::Counter::kIsIterationInvariantRate);
  state.SetLabel(detect_isa().name());
}

void clear(const Predictions& predictions) {
  predictions.logits.mutable_grad().reset();
  predictions.distances.mutable_grad().reset();
}

void run(benchmark::State& state, LossForm form) {
  const int64_t batch = state.range(0), side = state.range(1), classes = state.range(2),
                reg_max = state.range(3);
  const Scene scene = random_scene(batch, side, classes, reg_max);
  DetectionLoss loss({.class_count = classes, .reg_max = reg_max}, nullptr, form);
  for (auto _ : state) {
    clear(scene.predictions);
    loss(scene.predictions, scene.targets, scene.levels, kEpochOfTal).total.backward();
  }
  report(state, batch);
}

void LossLoops(benchmark::State& state) { run(state, LossForm::loops); }
void LossBatched(benchmark::State& state) { run(state, LossForm::batched); }

/// Spec/02 §6 as it stands there, for GIoU; positives as in BatchedLoss.
torch::Tensor differentiable_loss(const AnchorTensors& anchors, const PaddedTruths& truths,
                                  const BatchedAssignment& assignment, const Predictions& predictions,
                                  int64_t reg_max) {
  const torch::Tensor &logits = predictions.logits, p = logits.sigmoid();
  const torch::Tensor label = truths.labels.gather(1, assignment.truth).unsqueeze(2);
  const torch::Tensor q = assignment.score.unsqueeze(2).to(torch::kFloat32);
  const torch::Tensor scores = torch::zeros_like(logits).scatter_(2, label, q);
  const torch::Tensor background =
      torch::ones_like(logits).scatter_(2, label, 1 - assignment.positive.unsqueeze(2).to(torch::kFloat32));
  const torch::Tensor entropy = at::softplus(logits) - scores * logits;
  torch::Tensor total = ((p.square() * background * 0.75 + scores) * entropy).sum();

  torch::Tensor sides = predictions.distances;
  if (reg_max > 0) {
    const torch::Tensor bins = torch::arange(reg_max + 1, sides.options());
    sides = sides.unflatten(2, {4, reg_max + 1}).softmax(3).matmul(bins);
  }
  const torch::Tensor corners =
      torch::cat({anchors.centres - sides.slice(2, 0, 2), anchors.centres + sides.slice(2, 2, 4)}, 2);
  const torch::Tensor truth = assignment.truth.unsqueeze(2).expand({-1, -1, 4});
  const torch::Tensor targets = truths.boxes.gather(1, truth) / anchors.strides;
  const torch::Tensor predicted = corners.to(torch::kFloat64);
  total = total + 2.5 * (iou_losses(IouType::giou, predicted, targets) * assignment.score).sum();
  if (reg_max > 0) {
    const torch::Tensor wanted =
        torch::cat({anchors.centres - targets.slice(2, 0, 2), targets.slice(2, 2, 4) - anchors.centres}, 2)
            .clamp(0, static_cast<double>(reg_max) - 0.01)
            .unsqueeze(3);
    const torch::Tensor left = wanted.floor(), bin = left.to(torch::kInt64);
    const torch::Tensor logs = predictions.distances.unflatten(2, {4, reg_max + 1}).log_softmax(3);
    const torch::Tensor costs =
        (left + 1 - wanted) * logs.gather(3, bin) + (wanted - left) * logs.gather(3, bin + 1);
    total = total - 0.5 / 4 * (costs.squeeze(3).sum(2) * assignment.score).sum();
  }
  return total / assignment.score.sum().clamp_min(1);
}

void LossDifferentiated(benchmark::State& state) {
  const int64_t batch = state.range(0), side = state.range(1), classes = state.range(2),
                reg_max = state.range(3);
  const Scene scene = random_scene(batch, side, classes, reg_max);
  const AnchorTensors anchors = anchor_tensors(AnchorGrid(scene.levels), torch::kCPU);
  const LossOptions options{.class_count = classes, .reg_max = reg_max};
  for (auto _ : state) {
    clear(scene.predictions);
    const PaddedTruths truths =
        pad_truths(targets_by_image(scene.targets, {batch, side, side}, classes), torch::kFloat64);
    const BatchedAssignment assignment =
        BatchedLoss(anchors, options, scene.predictions).assign(truths, false);
    differentiable_loss(anchors, truths, assignment, scene.predictions, reg_max).backward();
  }
  report(state, batch);
}

void shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"batch", "side", "classes", "reg_max"})->Unit(benchmark::kMillisecond)->UseRealTime();
  for (const int64_t side : {320, 640}) {
    for (const int64_t batch : {8, 32}) {
      for (const int64_t classes : {3, 80}) bench->Args({batch, side, classes, 0});
    }
  }
  bench->Args({8, 640, 80, 16});  // the distributions of the larger networks
}

BENCHMARK(LossLoops)->Apply(shapes);
BENCHMARK(LossBatched)->Apply(shapes);
BENCHMARK(LossDifferentiated)->Apply(shapes);

}  // namespace
}  // namespace y6q::train
