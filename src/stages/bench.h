#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/monitor.h"
#include "engine/engine.h"
#include "eval/latency.h"

namespace y6q::stages {

/// One file in one precision.
struct BenchCandidate {
  fs::path onnx;
  engine::Precision precision = engine::Precision::fp32;
};

struct BenchOptions {
  engine::Kind engine = engine::kDefaultKind;
  std::vector<BenchCandidate> candidates = {};
  int64_t batch = 1;
  int threads = 0;
  double seconds = 2;   ///< measured for each candidate in each round
  int rounds = 5;       ///< candidates take turns: A B C, A B C, …
  int streams = 1;      ///< calls at a time; 0: as many as the engine finds best for throughput
  bool layers = false;  ///< measure each step of the engine, too, apart from the calls that are timed
  fs::path cache = {};  ///< of compiled networks; empty: none
};

struct BenchResult {
  BenchCandidate candidate;
  int64_t batch = 1;
  eval::LatencyStats latency_ms;  ///< of one call
  double images_per_s = 0;        ///< batch / median; with several streams all images / time
  int streams = 1;
  std::vector<double> round_ms{};           ///< median of each round
  std::vector<engine::LayerTime> layers{};  ///< medians; empty unless asked for
  std::string isa;
  std::string note;  ///< engine::Engine::note
};

/// Latency of inference alone, on random bytes. Precisions this machine lacks are left out; throws what
/// engine::open throws for the first candidate where it lacks them all.
std::vector<BenchResult> bench(const BenchOptions& options, Monitor& monitor);

/// INT8 against the float precision with the least median: the median over the rounds of the ratio of their
/// medians, so that a machine that slows down slows both. Above 1: INT8 is faster.
struct Speedup {
  engine::Precision best_float = engine::Precision::fp32;
  double ratio = 1;
};
/// Of one INT8 result among all results of one run; nothing without a float one.
std::optional<Speedup> speedup_of(const BenchResult& int8, const std::vector<BenchResult>& results);

/// From here on INT8 is worth its trouble: less lies within what two runs differ by.
inline constexpr double kWorthwhileSpeedup = 1.02;

/// The precision in which this machine runs a file fastest, measured for a second: int8 of a file with
/// quantizers, which has no other; else fp32 or bf16. options: engine and threads.
engine::Precision fastest_precision(const fs::path& onnx, BenchOptions options, Monitor& monitor);

}  // namespace y6q::stages
