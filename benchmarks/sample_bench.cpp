#include <benchmark/benchmark.h>

#include <cstdlib>

#include "base/errors.h"
#include "base/isa.h"
#include "base/monitor.h"
#include "data/loader.h"
#include "data/training_sample.h"

// Training samples (mosaic, affine, HSV, flip) on one thread from the data set that Y6Q_BENCH_DATA names (a
// data.yaml), its decoded images kept in memory or not.
namespace y6q::data {
namespace {

void MosaicSample(benchmark::State& state, int64_t cache_bytes) {
  const char* path = std::getenv("Y6Q_BENCH_DATA");
  if (path == nullptr) return state.SkipWithError("set Y6Q_BENCH_DATA to a data.yaml");
  const Dataset dataset = read_dataset(path, {.split = "train"}, silent_monitor());
  const image::Size size{state.range(0), state.range(0)};
  ImageStore images(dataset, {.fit = size, .augmenting = true, .cache_bytes = cache_bytes});
  const auto count = static_cast<int64_t>(dataset.images.size());
  for (int64_t i = 0; i < count; ++i) images.get(i);
  Random random(1);
  int64_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(augmented_sample({dataset, images, size}, next++ % count, {}, random));
  }
  state.counters["images/s"] = benchmark::Counter(1, benchmark::Counter::kIsIterationInvariantRate);
  state.SetLabel(detect_isa().name());
}

BENCHMARK_CAPTURE(MosaicSample, decoding, 0)
    ->Arg(320)
    ->Arg(640)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(MosaicSample, cached, int64_t{4} << 30)
    ->Arg(320)
    ->Arg(640)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace y6q::data
