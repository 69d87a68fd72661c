#pragma once

#include "dist/array_share.h"
#include "pipeline/step_log.h"
#include "pipeline/survey.h"
#include "pipeline/trial.h"

namespace y6q::pipeline {

/// Where a search keeps its files. Processes that share one each have a survey of their own.
struct SearchFiles {
  SearchFiles(const fs::path& out, const dist::Share& share);

  fs::path root, survey;
  fs::path errors = survey / "errors.json", sensitivity = survey / "sensitivity.json",
           latencies = survey / "latencies.json", float_onnx = survey / "float.onnx",
           int8 = survey / "int8.safetensors", int8_onnx = survey / "int8.onnx",
           float_numbers = survey / "float.json", float_detections = survey / "float.detections.json";
  fs::path trial(const Trial& trial) const { return root / "trials" / trial.name; }
  /// What is deployed of a trial.
  fs::path model(const Trial& trial) const;
  fs::path onnx(const Trial& candidate) const { return trial(candidate) / "int8.onnx"; }
  fs::path result(const Trial& candidate) const { return trial(candidate) / "result.json"; }
};

/// What the steps of a search depend on beside files and options.
struct SearchPremises {
  std::string train, val;       ///< digests of the splits
  std::string weights, scales;  ///< of the files; scales: empty where there are none
  std::string qat_recipe;       ///< as it will be used, YAML
};

struct SearchContext {
  const QuantizeOptions& options;
  const SearchFiles& files;
  const SearchPremises& premises;
  const stages::Run& run;
};

/// Before there are trials: the float network's accuracy and file, and what each calibration changes.
std::vector<Step> survey_steps(const SearchContext& context);
/// With the best calibration known: latencies of the float network and of the quantized one.
std::vector<Step> latency_steps(const SearchContext& context, const ptq::RangeOptions& best);
/// The same: the ranking of the layers, which trials need that keep some of them float.
std::vector<Step> ranking_steps(const SearchContext& context, const ptq::RangeOptions& best);
/// From the calibrated model to its result, which is the last one. Partial quantization whose predicted speed
/// misses the bound by more than the prediction can be wrong is one step: it says so, and is not made.
std::vector<Step> trial_steps(const SearchContext& context, const Trial& trial);

/// Of the search's folder, whoever has made it; nothing where there is none, or of other options or files.
/// Throws InputError where the file is not what its step wrote.
std::optional<TrialResult> trial_result(const SearchContext& context, const Trial& trial, const StepLog& log);

/// Of the layers that a trial keeps in float; empty: all are quantized.
std::set<std::string> kept_float(const Trial& trial, const SearchFiles& files);

}  // namespace y6q::pipeline
