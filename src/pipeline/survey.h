#pragma once

#include <vector>

#include "pipeline/quantize_options.h"
#include "stages/latency_model.h"

/// What a search finds out before its trials, from images without their labels and from the engine's clock.
namespace y6q::pipeline {

/// For each of calibrations() how far the network that it makes is from the float one in its predictions
/// (ptq::PredictionError, on training images). Writes them to `to`.
void survey_calibrations(const QuantizeOptions& options, const fs::path& to, stages::Run& run);
/// In the order of calibrations(). Throws InputError where the file is not what survey_calibrations wrote.
std::vector<double> read_survey(const fs::path& path);

/// Latencies of the float and of the fully quantized network.
struct Latencies {
  double fp32_ms = 0;
  double best_float_ms = 0;
  std::string best_float;  ///< "fp32" or "bf16"
  stages::LatencyModel model;
};
/// Measures both files in alternation and step by step, and writes it to `to`.
void survey_latencies(const QuantizeOptions& options, const std::vector<fs::path>& float_and_int8,
                      const fs::path& to, stages::Run& run);
/// Throws InputError.
Latencies read_latencies(const fs::path& path);

}  // namespace y6q::pipeline
