#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <benchmark/benchmark.h>
#include <dlfcn.h>
#include <torch/csrc/autograd/profiler_kineto.h>

#include <cstdlib>
#include <optional>
#include <set>

#include "eager/device.h"
#include "training_case.h"

// A training step on the device that Y6Q_DEVICE names (cuda; without it the CPU, to see that this runs):
// images/s, memory, and how often the host waits for the device. Y6Q_BATCH images a batch (32). Y6Q_TRACE
// names a file for what the device does in one step of the last benchmark that ran.
namespace y6q::train {
namespace {

using namespace training_case;

std::string variable(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  return value == nullptr ? otherwise : value;
}

/// Counts LibTorch's warnings of calls that wait for the device, where it can give them: its setting for that
/// is a variable of libc10_cuda, which programs without CUDA's headers reach by its name alone.
class Waits : public c10::WarningHandler {
 public:
  Waits() : mode_(static_cast<int*>(::dlsym(RTLD_DEFAULT, kMode))) {
    if (mode_ != nullptr) *mode_ = 1;  // an enumeration: 0 says nothing, 1 warns
    c10::WarningUtils::set_warning_handler(this);
    c10::WarningUtils::set_warnAlways(true);
  }
  ~Waits() override {
    if (mode_ != nullptr) *mode_ = 0;
    c10::WarningUtils::set_warning_handler(nullptr);
  }
  Waits(const Waits&) = delete;
  Waits& operator=(const Waits&) = delete;
  void process(const c10::Warning& warning) override {
    if (warning.msg().find("synchroniz") != std::string::npos) ++count;
  }
  int count = 0;

 private:
  /// c10::cuda::warning_state()::warning_state_
  static constexpr const char* kMode = "_ZZN3c104cuda13warning_stateEvE14warning_state_";
  int* mode_;
};

/// What the device does while `work` runs, for chrome://tracing, written to `file`.
template <typename Work>
void trace(const std::string& file, const Work& work) {
  namespace profiler = torch::profiler::impl;
  const std::set<profiler::ActivityType> activities{profiler::ActivityType::CPU,
                                                    profiler::ActivityType::CUDA};
  const profiler::ProfilerConfig config(profiler::ProfilerState::KINETO);
  torch::autograd::profiler::prepareProfiler(config, activities);
  torch::autograd::profiler::enableProfiler(config, activities);
  work();
  torch::autograd::profiler::disableProfiler()->save(file);
}

/// precision: fp32, tf32, bf16.
void run(benchmark::State& state, bool qat, const std::string& architecture, const std::string& precision) {
  const at::Device device = eager::open_device(variable("Y6Q_DEVICE", "cpu"));
  const int64_t side = state.range(0), count = std::stoll(variable("Y6Q_BATCH", "32"));
  at::globalContext().setAllowTF32CuDNN(precision != "fp32");
  at::globalContext().setBenchmarkCuDNN(true);
  TrainRecipe recipe;
  recipe.bf16 = precision == "bf16" ? "on" : "off";
  const Training training =
      qat ? quantized_training(architecture, side) : Training{.start = network(architecture, side)};
  Learner learner(training, recipe, 0, dist::alone(), device);
  const data::Batch batch = random_batch(count, side);
  const auto wait = [&] {
    if (!device.is_cpu()) at::accelerator::synchronizeDevice(device.index());
  };
  for (int i = 0; i < 3; ++i) step(learner, batch);
  {
    Waits waits;
    step(learner, batch);
    state.counters["waits"] = waits.count;
  }
  wait();
  if (const std::string file = variable("Y6Q_TRACE", ""); !file.empty()) {
    trace(file, [&] {
      step(learner, batch);
      wait();
    });
  }
  if (!device.is_cpu()) at::accelerator::resetPeakStats(device.index());
  std::optional<PendingTerms> last;  // read when the next batch is under way, as the training loop does
  for (auto _ : state) {
    PendingTerms terms = step(learner, batch);
    if (last) last->wait();
    last = std::move(terms);
  }
  wait();
  if (!device.is_cpu()) {
    const auto memory = at::accelerator::getDeviceStats(device.index()).allocated_bytes[0];
    state.counters["peak_MB"] = static_cast<double>(memory.peak) / (1 << 20);
  }
  state.counters["images/s"] =
      benchmark::Counter(static_cast<double>(count), benchmark::Counter::kIsIterationInvariantRate);
}

const bool registered = [] {
  for (const bool qat : {false, true}) {
    for (const char* architecture : {"yolov6n", "yolov6s"}) {
      for (const char* precision : {"fp32", "tf32", "bf16"}) {
        const std::string name = std::string(qat ? "Qat/" : "Float/") + architecture + "/" + precision;
        benchmark::RegisterBenchmark(name.c_str(), run, qat, architecture, precision)
            ->Arg(320)
            ->Arg(640)
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace y6q::train
