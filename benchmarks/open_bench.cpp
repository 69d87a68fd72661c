#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cstdlib>

#include "base/isa.h"
#include "base/monitor.h"
#include "data/loader.h"

// Opening the data set that Y6Q_BENCH_DATA names, and batches of its training images. Y6Q_BENCH_INDEX: the
// folder of the image index; Y6Q_BENCH_VERIFY: read every image all the same. One opening a process: what it
// leaves in memory would make the next one look better or worse. benchmarks/big_set.sh calls it.
namespace y6q::data {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Dataset open() {
  return read_dataset(
      variable("Y6Q_BENCH_DATA"),
      {.split = "train",
       .index = {.folder = variable("Y6Q_BENCH_INDEX"), .verify = !variable("Y6Q_BENCH_VERIFY").empty()}},
      silent_monitor());
}

double peak_mb() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;  // ru_maxrss counts KiB
}

void Opening(benchmark::State& state) {
  if (variable("Y6Q_BENCH_DATA").empty()) return state.SkipWithError("set Y6Q_BENCH_DATA to a data set");
  double boxes = 0;
  for (auto _ : state) {
    const Dataset dataset = open();
    for (const ImageRecord& record : dataset.images) boxes += static_cast<double>(record.labels.size());
    state.counters["images"] = static_cast<double>(dataset.images.size());
    state.SetLabel(detect_isa().name() + " " + dataset.sha256.substr(0, 8));
  }
  state.counters["boxes"] = boxes;
  state.counters["peak_MB"] = peak_mb();
}

// Mosaic, affine, HSV and flip on two threads, decoded images kept (as after the first epoch) or not.
void Loading(benchmark::State& state, int64_t cache_bytes) {
  if (variable("Y6Q_BENCH_DATA").empty()) return state.SkipWithError("set Y6Q_BENCH_DATA to a data set");
  const Dataset dataset = open();
  LoaderOptions options{.shuffle = true, .augment = true, .cache_bytes = cache_bytes};
  options.image_height = options.image_width = state.range(0);
  Loader loader(dataset, options);
  int64_t epoch = 0;
  loader.start_epoch(epoch);
  while (cache_bytes > 0 && loader.next()) {
  }
  for (auto _ : state) {
    while (!loader.next()) loader.start_epoch(++epoch);
  }
  const auto images = static_cast<double>(options.batch_size);
  state.counters["images/s"] = benchmark::Counter(images, benchmark::Counter::kIsIterationInvariantRate);
  state.SetLabel(detect_isa().name());
}

BENCHMARK(Opening)->Iterations(1)->Unit(benchmark::kSecond)->MeasureProcessCPUTime()->UseRealTime();
void settle(benchmark::internal::Benchmark* loading) {
  constexpr int kBatches = 40;  // the first two come from threads that had time to prepare them
  loading->Arg(320)->Arg(640)->Iterations(kBatches)->Unit(benchmark::kMillisecond)->UseRealTime();
}
BENCHMARK_CAPTURE(Loading, decoding, 0)->Apply(settle);
BENCHMARK_CAPTURE(Loading, cached, int64_t{2} << 30)->Apply(settle);

}  // namespace
}  // namespace y6q::data
