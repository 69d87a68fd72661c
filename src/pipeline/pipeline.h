#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "stages/calibrate.h"
#include "stages/train.h"

namespace y6q::pipeline {
using namespace stages;  // TEMPORARY

/// The steps, in order; `from` and `to` name them.
inline constexpr std::array<std::string_view, 11> kPipelineSteps{
    "hyper-search", "scales", "float",    "calibrate", "sensitivity", "qat",
    "export",       "build",  "evaluate", "bench",     "report"};

struct PipelineOptions {
  /// Of the float network; its data, out, seed, workers, threads and image size hold for every step. In mode
  /// repopt its scales are searched for unless they are given.
  TrainOptions train;
  bool search = true;         ///< false: mode repopt without scales is plain SGD on the single-branch network
  std::string search_recipe;  ///< YAML text; what it leaves out is as for the float network
  CalibrateOptions calibrate;  ///< its ranges, number of images and layers to keep in float
  bool sensitivity = true;
  bool qat = true, distill = true;
  std::string qat_recipe;  ///< YAML text over default_qat_recipe()
  bool branchy = false;    ///< train and calibrate the branchy network (mode repvgg) as well, for comparison
  std::string split = "val";  ///< what the table is measured on; test only when asked for finally
  double bench_seconds = 1;
  int bench_rounds = 5;
  std::vector<int64_t> bench_batches{1, 32};
  std::string from, to;  ///< empty: the first, the last
};

/// One line of the table.
struct PipelineRow {
  std::string
      model;  ///< "float", "float_bf16", "ptq", "ptq_engine", "qat", "engine"; with "branchy_" before it
  double map = 0, map50 = 0;
  std::map<std::string, double> latency_ms;                       ///< median at batch 1 by precision
  std::map<std::string, std::map<int64_t, double>> images_per_s;  ///< by precision and batch
};

struct PipelineResult {
  std::string split, protocol, isa;
  std::vector<PipelineRow> rows;  ///< empty when `to` is before evaluate
  int64_t skipped = 0;            ///< broken samples that were left out, of the splits that were read
  std::string trtexec;            ///< builds a TensorRT engine of the last quantized model's Q/DQ-free form
};

/// A recipe file: YAML with the maps `train`, `hyper_search`, `qat` (train::TrainRecipe), `calibrate`
/// (scheme, method, percentile, images, bias_correction, keep_float), `bench` (seconds, rounds, batches) and
/// `pipeline` (sensitivity, qat, distill, branchy). Sets what it says. Throws InputError naming file, line
/// and what is accepted.
void read_pipeline_recipe(const fs::path& path, PipelineOptions& options);

/// What is measured on val stands in out, what is measured on test in out/final: evaluate/, summary.json,
/// report.html.
fs::path results_folder(const PipelineOptions& options);

/// Runs the steps, each in its folder under out; done steps are skipped, an interrupted one goes on. Steps
/// before `from` are taken as they are. Throws UsageError for unknown steps, and when what `from` needs is
/// not there, InputError when it is of another split, data set or image size.
PipelineResult pipeline(const PipelineOptions& options, Monitor& monitor);

}  // namespace y6q::pipeline
