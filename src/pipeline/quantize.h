#pragma once

#include "pipeline/front.h"
#include "pipeline/trial_steps.h"
#include "report/html.h"

namespace y6q::pipeline {

struct QuantizeResult {
  double float_map = 0, float_map50 = 0;  ///< of the float network on val, 0..1
  Latencies latencies;
  std::vector<TrialRow> rows;    ///< all trials of the search, cheap to dear
  std::optional<size_t> chosen;  ///< position of the one that was taken; nothing: none was made
  bool is_inside = false;        ///< it keeps the bounds
  /// What keeps trials from being made that could change the answer, in a sentence; empty: nothing does.
  std::string unfinished{};
  std::string protocol{};
  engine::Kind engine = engine::kDefaultKind;
  std::string isa{};
  int64_t skipped = 0;  ///< broken samples that were left out
};

/// Tries to quantize a float network in one way after the other, from cheap to dear, until one is inside the
/// bounds; leaves it as out/best.safetensors and out/best.onnx, with quantize.json and report.html. A trial
/// that was made before is taken from its file; a killed search goes on. Processes of a job and tasks of a
/// Slurm array share the trials of one folder: number k belongs to process k modulo their number, and none
/// waits for another, but for the answer at the end of a job. Throws InputError for weights that are not
/// float, UsageError when another process does the same part, and what the stages throw.
QuantizeResult quantize(const QuantizeOptions& options, stages::Run& run);

/// One line a trial, the float network first.
report::Table quantize_table(const QuantizeResult& result, const Bounds& bounds);
/// What was found, in one paragraph.
std::string quantize_verdict(const QuantizeResult& result, const QuantizeOptions& options);
/// quantize.json (docs/reference/summary.md).
nlohmann::json quantize_document(const QuantizeResult& result, const QuantizeOptions& options);
report::Page quantize_page(const QuantizeResult& result, const QuantizeOptions& options,
                           const SearchFiles& files);

/// Throws GoalMissed when the search is finished and nothing is inside the bounds.
void require_inside(const QuantizeResult& result, const QuantizeOptions& options);

}  // namespace y6q::pipeline
