#pragma once

namespace y6q::dist {

/// A process' part of work that is divided beforehand: `part` of `parts`, counted from 0.
struct Share {
  int part = 0, parts = 1;

  bool operator==(const Share&) const = default;
};

/// Of the tasks of a Slurm job array, which do not know each other: SLURM_ARRAY_TASK_ID, counted from
/// SLURM_ARRAY_TASK_MIN by SLURM_ARRAY_TASK_STEP, of SLURM_ARRAY_TASK_COUNT. All of the work without them.
/// Throws UsageError naming the variable, and for an array with gaps.
Share array_share_from_environment();

}  // namespace y6q::dist
