#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/errors.h"
#include "pipeline/steps.h"

namespace y6q::pipeline {

/// mAP in 0..1 less that of another model on the same images; low, high: 95 % interval of the paired
/// bootstrap.
struct Difference {
  double value = 0, low = 0, high = 0, p_value = 1;
};

/// One line of the table.
struct Row {
  std::string model;  ///< as Measured::model; with "branchy_" before it
  double map = 0, map50 = 0;
  std::string selection{}, runner{};
  std::optional<Difference> to_float{};                             ///< absent for float itself
  std::optional<Difference> to_simulation{};                        ///< of an engine
  std::map<std::string, double> latency_ms{};                       ///< median at batch 1 by precision
  std::map<std::string, std::map<int64_t, double>> images_per_s{};  ///< by precision and batch
  std::string simulation{};  ///< of an engine: the model that simulates it, "ptq", "partial" or "qat"
  fs::path file{};           ///< what a program would load, below the run's folder; empty: a simulation
  uint64_t bytes = 0;        ///< of it
};

struct Result {
  std::string split{}, protocol{};
  engine::Kind engine = engine::kDefaultKind;
  std::string isa{};
  std::vector<Row> rows{};             ///< empty when the run ends before its evaluation
  std::vector<std::string> machine{};  ///< stages::doctor_lines
  std::vector<std::string> alarms{};   ///< engines that do not compute what was simulated
  int64_t skipped = 0;                 ///< broken samples that were left out, of the splits that were read
  std::string trtexec{};  ///< builds a TensorRT engine of the last quantized model's Q/DQ-free form
};

/// The row of a model (Row::model); null: there is none.
const Row* find_row(const Result& result, std::string_view model);

/// An engine that differs from its simulation by more than the choice of images explains (p below 0.01: there
/// are several engines in a table, and each would be wrong once in twenty at 0.05), and by more than rounding
/// does (0.1 points).
bool disagrees(const Difference& to_simulation);

/// A bound that was asked for: throws GoalMissed when the engine loses more than `points` of mAP (0..100)
/// against float, or when there is an alarm, since its numbers are then of another model.
void require_drop(const Result& result, double points);

/// Reads what the steps of evaluate and bench wrote. Throws InputError when a file is not what its step
/// wrote, or of another data set, split, size or machine.
Result results_of(const PipelineOptions& options, std::span<const Network> networks, const Premises& premises,
                  const stages::Run& run);

/// Of a file that an earlier step wrote and something else has got hold of.
InputError not_of_its_step(const fs::path& path);
/// A file that an earlier step wrote. Throws not_of_its_step.
nlohmann::json read_result(const fs::path& path);

}  // namespace y6q::pipeline
