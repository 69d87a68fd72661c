#pragma once

#include <span>

#include "pipeline/step.h"
#include "pipeline/step_log.h"

namespace y6q::pipeline {

/// Phases to run, both ends included; positions in kPhases.
struct PhaseRange {
  size_t first = 0, last = kPhases.size() - 1;
};

/// Of --from and --to; empty: the first, the last. Throws UsageError for unknown names and for a range that
/// is upside down.
PhaseRange phase_range(const std::string& from, const std::string& to);

/// Steps of phases before the range are taken as they are. Throws UsageError when one has not made its files.
void require_earlier(std::span<const Step> steps, const PhaseRange& range);

/// Runs the steps of the range in order, all processes of a job each at the same time; those that the log
/// knows as done are skipped, and said. Throws what the steps throw.
void run_steps(std::span<const Step> steps, const PhaseRange& range, const StepLog& log, stages::Run& run);

}  // namespace y6q::pipeline
