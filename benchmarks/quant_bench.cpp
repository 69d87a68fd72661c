#include <benchmark/benchmark.h>

#include <cmath>

#include "base/isa.h"
#include "base/random.h"
#include "quant/range_search.h"

// Counting activations, and searching ranges of 60 tensors in histograms of 2,048 bins.
namespace y6q::quant {
namespace {

constexpr int kTensors = 60;

/// As after a ReLU: half zeros, the rest a tail.
std::vector<float> activations(size_t count) {
  Random random(1);
  std::vector<float> values(count);
  for (float& value : values)
    value = static_cast<float>(std::max(0.0, random.uniform(-1, 1) * random.uniform()));
  return values;
}

void Observe(benchmark::State& state) {
  const std::vector<float> values = activations(1 << 22);
  Histogram histogram;
  for (auto _ : state) histogram.observe(values);
  state.counters["values/s"] =
      benchmark::Counter(static_cast<double>(values.size()), benchmark::Counter::kIsIterationInvariantRate);
  state.SetLabel(detect_isa().name());
}

void Search(benchmark::State& state, RangeMethod method) {
  Histogram histogram;
  histogram.observe(activations(1 << 20));
  for (auto _ : state) {
    for (int i = 0; i < kTensors; ++i) benchmark::DoNotOptimize(search_amax(histogram, {.method = method}));
  }
  state.counters["tensors/s"] = benchmark::Counter(kTensors, benchmark::Counter::kIsIterationInvariantRate);
  state.SetLabel(detect_isa().name());
}

BENCHMARK(Observe)->Unit(benchmark::kMillisecond)->UseRealTime();

const bool kSearches = [] {
  for (const RangeMethod method : all_values<RangeMethod>()) {
    benchmark::RegisterBenchmark(("Search/" + std::string(name_of(method))).c_str(), Search, method)
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
  }
  return true;
}();

}  // namespace
}  // namespace y6q::quant
