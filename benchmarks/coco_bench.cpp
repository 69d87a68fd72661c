// COCO evaluation of generated data, the shape of a detector's output on COCO: 7 objects and 55 detections an
// image, 80 classes, most detections far from everything and of low score.
#include <benchmark/benchmark.h>

#include "base/isa.h"
#include "base/random.h"
#include "coco/bootstrap.h"

namespace y6q::coco {
namespace {

struct Generated {
  GroundTruth truth;
  Detections found;
};

Generated generate(int64_t images) {
  Random random(1);
  Generated result;
  for (int64_t c = 1; c <= 80; ++c) result.truth.categories.push_back({c, std::to_string(c)});
  for (int64_t i = 1; i <= images; ++i) {
    result.truth.images.push_back(i);
    for (int64_t n = 7; n > 0; --n) {
      const BoxXywh box{random.uniform(0, 400), random.uniform(0, 300), random.uniform(5, 200),
                        random.uniform(5, 200)};
      const int64_t category = 1 + random.index(80);
      result.truth.add(i, category, box);
      for (int64_t m = 2; m > 0; --m) {
        const double shift = random.uniform(-0.3, 0.3) * box.w;
        result.found.add(i, category, {box.x + shift, box.y, box.w, box.h}, random.uniform());
      }
    }
    for (int64_t n = 41; n > 0; --n) {
      const BoxXywh box{random.uniform(0, 400), random.uniform(0, 300), random.uniform(5, 200), 60};
      result.found.add(i, 1 + random.index(80), box, random.uniform(0, 0.3));
    }
  }
  return result;
}

void set_counters(benchmark::State& state, const Generated& data) {
  state.SetLabel(detect_isa().name());
  state.counters["detections/s"] = benchmark::Counter(static_cast<double>(data.found.size()),
                                                      benchmark::Counter::kIsIterationInvariantRate);
}

/// Matching, accumulation and the twelve numbers; range: images. One thread.
void CocoEvaluate(benchmark::State& state) {
  const Generated data = generate(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(evaluate(data.truth, data.found, {.threads = 1}).map());
  set_counters(state, data);
}
BENCHMARK(CocoEvaluate)->Arg(500)->Arg(5000)->Unit(benchmark::kMillisecond);

/// One replicate of the bootstrap: accumulation alone. One thread.
void CocoReplicate(benchmark::State& state) {
  const Generated data = generate(state.range(0));
  const Options options;
  const ReplicateEvaluator evaluator{Case(data.truth, data.found, options)};
  std::vector<uint32_t> times(evaluator.image_count());
  Random random(1);
  for (uint32_t& n : times) n = static_cast<uint32_t>(random.index(3));
  for (auto _ : state) benchmark::DoNotOptimize(evaluator.evaluate(times).stats[0]);
  set_counters(state, data);
}
BENCHMARK(CocoReplicate)->Arg(5000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace y6q::coco
