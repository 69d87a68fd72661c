#pragma once

#include "pipeline/step.h"

namespace y6q::pipeline {

/// Remembers finished steps in <folder of the run>/steps/<name>.json, with digests of what they read and
/// made, so that the same command again skips what is done and a changed option runs exactly what depends on
/// it. What invalidates a step: its choices, the version of the tool, a file that it needs, a file that it
/// made. Another build of the same version does not, but is noted.
class StepLog {
 public:
  explicit StepLog(fs::path run_folder) : run_folder_(std::move(run_folder)) {}

  /// A record with the same choices and digests exists, and the outputs are still those it names.
  bool is_done(const Step& step) const;
  /// Throws InternalError when an output is missing.
  void mark_done(const Step& step, double seconds) const;
  /// Wall clock of the finished step; 0 when there is no record.
  double seconds(const std::string& name) const;
  /// The build that did the step, when it is another than this one; else empty.
  std::string other_build(const std::string& name) const;
  /// The choices that a step was last begun with differ from these, or it never began.
  bool begins_anew(const Step& step) const;
  /// Notes with which choices a step begins, so that an interrupted one can tell whether to go on.
  void mark_begun(const Step& step) const;

 private:
  fs::path file(const std::string& name, const char* suffix) const {
    return run_folder_ / "steps" / (name + suffix);
  }
  /// By path: relative to the run's folder where it lies in it.
  nlohmann::json digests(const std::vector<fs::path>& paths) const;
  nlohmann::json premises(const Step& step) const;

  fs::path run_folder_;
};

}  // namespace y6q::pipeline
