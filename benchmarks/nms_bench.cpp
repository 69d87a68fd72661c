#include <benchmark/benchmark.h>

#include <cmath>

#include "base/isa.h"
#include "base/random.h"
#include "detect/decode.h"
#include "detect/nms.h"

// Decoding and suppression of one image's dense predictions: 8,400 anchors, 80 classes, boxes uniform in 600
// pixels, scores u^60, so that 38,000 pairs of box and class score above 0.03. A Python peer of the same
// distribution is timed beside it (docs/reference/performance.md).
namespace y6q::detect {
namespace {

constexpr int64_t kAnchors = 8400, kClasses = 80;

/// Decode's output [8400, 85] of one image.
std::vector<float> dense_rows() {
  Random random(1);
  std::vector<float> rows;
  for (int64_t anchor = 0; anchor < kAnchors; ++anchor) {
    for (int side = 0; side < 4; ++side) rows.push_back(static_cast<float>(random.uniform(0, 600)));
    rows.push_back(1);
    for (int64_t c = 0; c < kClasses; ++c) rows.push_back(static_cast<float>(std::pow(random.uniform(), 60)));
  }
  return rows;
}

void report(benchmark::State& state, size_t candidates) {
  state.counters["images/s"] = benchmark::Counter(1, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["candidates"] = static_cast<double>(candidates);
  state.SetLabel(detect_isa().name());
}

void run(benchmark::State& state, const NmsOptions& options) {
  const std::vector<float> rows = dense_rows();
  size_t candidates = 0;
  for (auto _ : state) {
    auto found = decode_rows(rows, kClasses, options);
    candidates = found.size();
    benchmark::DoNotOptimize(nms(std::move(found), options));
  }
  report(state, candidates);
}

void NmsDenseMultiLabel(benchmark::State& state) { run(state, {}); }
void NmsDenseAgnostic(benchmark::State& state) { run(state, {.agnostic = true}); }
void NmsDenseBestClass(benchmark::State& state) { run(state, {.multi_label = false}); }
// What greedy suppression costs when nothing ends it early.
void NmsDenseEveryBox(benchmark::State& state) { run(state, {.max_detections = 1'000'000}); }

BENCHMARK(NmsDenseMultiLabel)->Unit(benchmark::kMillisecond);
BENCHMARK(NmsDenseAgnostic)->Unit(benchmark::kMillisecond);
BENCHMARK(NmsDenseBestClass)->Unit(benchmark::kMillisecond);
BENCHMARK(NmsDenseEveryBox)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace y6q::detect
