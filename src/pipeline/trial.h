#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/quantize_options.h"
#include "pipeline/results.h"

namespace y6q::pipeline {

/// A way to calibrate that is tried.
struct CalibrationKind {
  std::string name;
  ptq::RangeOptions ranges;  ///< of these its method and repairs

  /// The common settings with those of this kind.
  ptq::RangeOptions in(ptq::RangeOptions common) const;
};
/// Every method, with the network as it is, then the repairs.
const std::vector<CalibrationKind>& calibrations();

/// One way to quantize the float network.
struct Trial {
  std::string name;   ///< unique in the search, fit for a folder: "03-mse"
  std::string title;  ///< in words
  stages::CalibrationSettings settings{};
  bool has_qat = false;
};

/// From cheap to dear: every way to calibrate, with the network as it is and then repaired, those first that
/// change the predictions least; of the best of them partial quantization with more and more layers in float;
/// QAT of it, and of it with a few layers in float. errors: of calibrations(), in their order.
std::vector<Trial> trials_of(const ptq::RangeOptions& common, std::span<const double> errors);

/// The common settings with those of the calibration that changes the predictions least.
ptq::RangeOptions best_ranges(const ptq::RangeOptions& common, std::span<const double> errors);

/// What a trial came to.
struct TrialResult {
  std::string skipped{};  ///< not empty: it was not made, and why; everything else is 0 then
  double map = 0, map50 = 0;
  Difference to_float{};  ///< of the engine to the float network
  /// Of a call at batch 1: what the best float precision took when the search began, over `speedup`, which is
  /// measured in alternation: clocks change in the course of a search, so that times of different trials do
  /// not compare, but ratios do.
  double ms = 0;
  double speedup = 0;                    ///< to the best float precision, in alternation
  std::optional<double> predicted_ms{};  ///< of partial quantization, before it was measured
  double seconds = 0;                    ///< that the trial took
};
nlohmann::json to_json(const TrialResult& result);
/// Throws nlohmann::json::exception.
TrialResult trial_result_of(const nlohmann::json& document);

/// The loss in points that counts for a bound: the one measured, or with a confidence the largest that the
/// interval holds.
double counted_drop(const TrialResult& result, const Bounds& bounds);
bool is_accurate(const TrialResult& result, const Bounds& bounds);
bool is_fast(const TrialResult& result, const Bounds& bounds);
inline bool is_inside(const TrialResult& result, const Bounds& bounds) {
  return is_accurate(result, bounds) && is_fast(result, bounds);
}

/// A trial and what is known of it.
struct TrialRow {
  Trial trial;
  std::optional<TrialResult> result{};  ///< nothing: not made (yet)
};

/// Position of the trial to deploy: the first that is inside the bounds. Where none is, the most accurate of
/// those that are fast enough, and where none of those is, the fastest. Nothing: no trial was made.
std::optional<size_t> choice_of(std::span<const TrialRow> rows, const Bounds& bounds);

}  // namespace y6q::pipeline
