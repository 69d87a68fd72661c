#include "stages/bench.h"

#include <chrono>
#include <memory>

#include "base/errors.h"
#include "base/isa.h"
#include "base/random.h"

namespace y6q::stages {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Contestant {
  BenchCandidate candidate;
  std::unique_ptr<engine::Engine> engine;
  std::vector<uint8_t> images;
  std::vector<double> samples_ms;

  void run(double seconds, std::vector<double>* samples) {
    const auto start = Clock::now();
    do {
      const auto call = Clock::now();
      engine->infer(std::span<const uint8_t>(images));
      if (samples != nullptr) samples->push_back(ms_since(call));
    } while (ms_since(start) < seconds * 1e3);
  }
};

Contestant prepare(const BenchCandidate& candidate, const BenchOptions& options) {
  Contestant contestant{candidate,
                        engine::open(engine::Kind::openvino, candidate.onnx,
                                     {.precision = candidate.precision,
                                      .input = engine::InputLayout::bytes_nchw,
                                      .batch = options.batch,
                                      .threads = options.threads}),
                        {},
                        {}};
  size_t size = 1;
  for (const int64_t extent : contestant.engine->input().shape) size *= static_cast<size_t>(extent);
  Random random(1);
  for (size_t i = 0; i < size; ++i) contestant.images.push_back(static_cast<uint8_t>(random.bits() >> 56));
  return contestant;
}

}  // namespace

std::vector<BenchResult> bench(const BenchOptions& options, Monitor& monitor) {
  std::vector<Contestant> contestants;
  for (const BenchCandidate& candidate : options.candidates) {
    if (engine::supports(engine::Kind::openvino, candidate.precision))
      contestants.push_back(prepare(candidate, options));
  }
  if (contestants.empty()) {
    throw EnvironmentError("bench: this program was built without OpenVINO; build it with Y6Q_OPENVINO=ON");
  }
  monitor.begin("bench", options.rounds, "rounds");
  constexpr double kWarmUpShare = 0.25;
  for (int round = 0; round < options.rounds; ++round) {
    for (Contestant& contestant : contestants) {
      if (monitor.stop_requested()) throw Interrupted("bench stopped; start it again to begin anew");
      contestant.run(options.seconds * kWarmUpShare, nullptr);
      contestant.run(options.seconds, &contestant.samples_ms);
    }
    monitor.advance(round + 1, "");
  }
  monitor.end();
  std::vector<BenchResult> results;
  for (Contestant& contestant : contestants) {
    BenchResult result{contestant.candidate,
                       options.batch,
                       eval::latency_stats(std::move(contestant.samples_ms)),
                       0,
                       kernel_isa().name(),
                       contestant.engine->note()};
    result.images_per_s = static_cast<double>(options.batch) * 1e3 / result.latency_ms.p50;
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace y6q::stages
