#include "pipeline/runner.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "base/errors.h"

namespace y6q::pipeline {
namespace {

size_t position_of(std::string_view phase) {
  return static_cast<size_t>(std::ranges::find(kPhases, phase) - kPhases.begin());
}

size_t position(const std::string& phase, const char* option, size_t otherwise) {
  if (phase.empty()) return otherwise;
  const size_t found = position_of(phase);
  if (found < kPhases.size()) return found;
  throw UsageError("{} {}: there is no such step; steps are {}", option, phase, fmt::join(kPhases, ", "));
}

void require_outputs(const Step& step, std::string_view from) {
  for (const fs::path& output : step.makes) {
    if (fs::exists(output)) continue;
    throw UsageError("--from {}: needs {}, which step {} makes; start with --from {} or leave it out", from,
                     output.string(), step.name, step.phase);
  }
}

/// What the first process sees counts for all.
bool is_done(const Step& step, const StepLog& log, dist::Group& group) {
  return group.any(group.is_first() && !step.makes.empty() && log.is_done(step));
}

/// place: "step 3 of 14".
void run_step(const Step& step, const std::string& place, const StepLog& log, stages::Run& run) {
  const bool is_first = run.group().is_first();
  if (is_done(step, log, run.group())) {
    const std::string builder = log.other_build(step.name);
    run.monitor().message(place + ", " + step.name + ": done before" +
                          (builder.empty() ? ""
                                           : fmt::format(", by another build of the program ({}); --from {} "
                                                         "with its files removed does it again",
                                                         builder, step.phase)));
    return;
  }
  run.monitor().message(place + ", " + step.name);
  if (!step.state.empty() && is_first) {
    // A state that other choices left behind must be gone before the log says that these have begun.
    if (log.begins_anew(step)) fs::remove(step.state);
    log.mark_begun(step);
  }
  const auto start = std::chrono::steady_clock::now();
  run.require_same("steps", step.name);
  if (step.together || is_first) step.work(run);
  run.group().meet();
  if (step.makes.empty() || !is_first) return;
  log.mark_done(step, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

}  // namespace

PhaseRange phase_range(const std::string& from, const std::string& to) {
  const PhaseRange range{position(from, "--from", 0), position(to, "--to", kPhases.size() - 1)};
  if (range.first > range.last) throw UsageError("--from {} comes after --to {}", from, to);
  return range;
}

void require_earlier(std::span<const Step> steps, const PhaseRange& range) {
  for (const Step& step : steps) {
    if (position_of(step.phase) < range.first) require_outputs(step, kPhases[range.first]);
  }
}

void run_steps(std::span<const Step> steps, const PhaseRange& range, const StepLog& log, stages::Run& run) {
  std::vector<const Step*> asked;
  for (const Step& step : steps) {
    const size_t phase = position_of(step.phase);
    if (phase >= range.first && phase <= range.last) asked.push_back(&step);
  }
  for (size_t i = 0; i < asked.size(); ++i)
    run_step(*asked[i], fmt::format("step {} of {}", i + 1, asked.size()), log, run);
}

}  // namespace y6q::pipeline
