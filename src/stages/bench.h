#pragma once

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
  std::vector<BenchCandidate> candidates;
  int64_t batch = 1;
  int threads = 0;
  double seconds = 2;  ///< measured for each candidate in each round
  int rounds = 5;      ///< candidates take turns: A B C, A B C, …
};

struct BenchResult {
  BenchCandidate candidate;
  int64_t batch = 1;
  eval::LatencyStats latency_ms;  ///< of one call
  double images_per_s = 0;        ///< batch / median
  std::string isa;
  std::string note;  ///< engine::Engine::note
};

/// Latency of inference alone, on random bytes. Precisions this machine lacks are left out.
std::vector<BenchResult> bench(const BenchOptions& options, Monitor& monitor);

}  // namespace y6q::stages
