#include "stages/bench.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <numeric>
#include <thread>

#include "base/errors.h"
#include "base/isa.h"
#include "base/random.h"

namespace y6q::stages {
namespace {

using Clock = std::chrono::steady_clock;
using engine::Precision;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

engine::EngineOptions engine_options(const BenchCandidate& candidate, const BenchOptions& options) {
  return {.precision = candidate.precision,
          .input = engine::InputLayout::bytes_nchw,
          .batch = options.batch,
          .threads = options.threads,
          .streams = options.streams,
          .cache = options.cache};
}

std::vector<uint8_t> random_images(const engine::Engine& engine) {
  size_t size = 1;
  for (const int64_t extent : engine.input().shape) size *= static_cast<size_t>(extent);
  std::vector<uint8_t> images;
  Random random(1);
  for (size_t i = 0; i < size; ++i) images.push_back(static_cast<uint8_t>(random.bits() >> 56));
  return images;
}

/// One network, called from one thread or from several side by side.
struct Contestant {
  BenchCandidate candidate;
  std::vector<std::unique_ptr<engine::Engine>> engines;  ///< one a stream
  std::vector<uint8_t> images;
  std::vector<double> samples_ms;  ///< of all rounds
  std::vector<double> round_ms;
  double seconds = 0;  ///< of all rounds

  /// Calls one engine again and again; returns what each call took.
  std::vector<double> call(engine::Engine& engine, double for_seconds) const {
    std::vector<double> samples;
    const auto start = Clock::now();
    do {
      const auto before = Clock::now();
      engine.infer(std::span<const uint8_t>(images));
      samples.push_back(ms_since(before));
    } while (ms_since(start) < for_seconds * 1e3);
    return samples;
  }

  std::vector<double> call_all(double for_seconds) const {
    std::vector<std::vector<double>> samples(engines.size());
    std::vector<std::exception_ptr> failures(engines.size());
    {
      std::vector<std::jthread> others;
      for (size_t i = 1; i < engines.size(); ++i) {
        others.emplace_back([&, i] {
          try {
            samples[i] = call(*engines[i], for_seconds);
          } catch (...) {
            failures[i] = std::current_exception();
          }
        });
      }
      samples[0] = call(*engines[0], for_seconds);
    }
    for (const std::exception_ptr& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
    for (size_t i = 1; i < samples.size(); ++i)
      samples[0].insert(samples[0].end(), samples[i].begin(), samples[i].end());
    return samples[0];
  }

  void measure(double for_seconds) {
    const auto start = Clock::now();
    const std::vector<double> samples = call_all(for_seconds);
    seconds += ms_since(start) / 1e3;
    round_ms.push_back(eval::latency_stats(samples).p50);
    samples_ms.insert(samples_ms.end(), samples.begin(), samples.end());
  }
};

Contestant prepare(const BenchCandidate& candidate, const BenchOptions& options) {
  Contestant contestant{candidate, {}, {}, {}, {}};
  contestant.engines.push_back(
      engine::open(options.engine, candidate.onnx, engine_options(candidate, options)));
  const engine::Engine& first = *contestant.engines[0];
  while (std::ssize(contestant.engines) < first.streams()) contestant.engines.push_back(first.another());
  contestant.images = random_images(first);
  return contestant;
}

/// Medians over some calls of an engine that times its steps, which costs a little.
std::vector<engine::LayerTime> layer_times(const BenchCandidate& candidate, const BenchOptions& options) {
  constexpr int kCalls = 20;
  engine::EngineOptions settings = engine_options(candidate, options);
  settings.times_layers = true;
  const auto engine = engine::open(options.engine, candidate.onnx, settings);
  const std::vector<uint8_t> images = random_images(*engine);
  std::vector<engine::LayerTime> layers;
  std::vector<std::vector<double>> samples;
  for (int i = 0; i < kCalls; ++i) {
    engine->infer(std::span<const uint8_t>(images));
    layers = engine->layer_times();
    samples.resize(layers.size());
    for (size_t k = 0; k < layers.size(); ++k) samples[k].push_back(layers[k].ms);
  }
  for (size_t k = 0; k < layers.size(); ++k) layers[k].ms = eval::quantile(samples[k], 0.5);
  return layers;
}

BenchResult result_of(Contestant& contestant, const BenchOptions& options) {
  BenchResult result{.candidate = contestant.candidate,
                     .batch = options.batch,
                     .latency_ms = eval::latency_stats(contestant.samples_ms),
                     .streams = contestant.engines[0]->streams(),
                     .round_ms = contestant.round_ms,
                     .isa = kernel_isa().name(),
                     .note = contestant.engines[0]->note()};
  const auto batch = static_cast<double>(options.batch);
  result.images_per_s = result.streams == 1
                            ? batch * 1e3 / result.latency_ms.p50
                            : batch * static_cast<double>(contestant.samples_ms.size()) / contestant.seconds;
  if (options.layers) result.layers = layer_times(contestant.candidate, options);
  return result;
}

}  // namespace

std::vector<BenchResult> bench(const BenchOptions& options, Monitor& monitor) {
  std::vector<Contestant> contestants;
  for (const BenchCandidate& candidate : options.candidates) {
    if (engine::supports(options.engine, candidate.precision))
      contestants.push_back(prepare(candidate, options));
  }
  if (contestants.empty()) contestants.push_back(prepare(options.candidates.at(0), options));
  monitor.begin("bench", options.rounds, "rounds");
  constexpr double kWarmUpShare = 0.25;
  for (int round = 0; round < options.rounds; ++round) {
    for (Contestant& contestant : contestants) {
      if (monitor.stop_requested()) throw Interrupted("bench stopped; start it again to begin anew");
      contestant.call_all(options.seconds * kWarmUpShare);
      contestant.measure(options.seconds);
    }
    monitor.advance(round + 1, "");
  }
  monitor.end();
  std::vector<BenchResult> results;
  for (Contestant& contestant : contestants) results.push_back(result_of(contestant, options));
  return results;
}

std::optional<Speedup> speedup_of(const BenchResult& int8, const std::vector<BenchResult>& results) {
  const BenchResult* best = nullptr;
  for (const BenchResult& result : results) {
    if (result.candidate.precision == Precision::int8 || result.batch != int8.batch) continue;
    if (best == nullptr || result.latency_ms.p50 < best->latency_ms.p50) best = &result;
  }
  if (best == nullptr) return std::nullopt;
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(best->round_ms.size(), int8.round_ms.size()); ++i)
    ratios.push_back(best->round_ms[i] / int8.round_ms[i]);
  return Speedup{best->candidate.precision, eval::quantile(std::move(ratios), 0.5)};
}

Precision fastest_precision(const fs::path& onnx, BenchOptions options, Monitor& monitor) {
  const Precision own = engine::open(options.engine, onnx, {.threads = options.threads})->precision();
  if (own == Precision::int8) return own;
  options.candidates = {{onnx, Precision::fp32}, {onnx, Precision::bf16}};
  options.seconds = 0.2, options.rounds = 3;
  InnerMonitor inner(monitor);
  const auto results = bench(options, inner);
  return std::ranges::min_element(results, {}, [](const BenchResult& r) { return r.latency_ms.p50; })
      ->candidate.precision;
}

}  // namespace y6q::stages
