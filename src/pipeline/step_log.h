#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/files.h"

namespace y6q::pipeline {

/// What one step of a run depends on and makes. The same options and the same input files give the same
/// outputs.
struct Step {
  std::string name;
  nlohmann::json options;        ///< everything that changes the result
  std::vector<fs::path> inputs;  ///< files made by earlier steps
  std::vector<fs::path> outputs;
};

/// Remembers finished steps in <folder>/<name>.json, with digests of inputs and outputs, so that the same
/// command again skips what is done and a changed option runs anew exactly what depends on it.
class StepLog {
 public:
  explicit StepLog(fs::path folder) : folder_(std::move(folder)) {}
  /// A record with the same options and digests exists, and the outputs are still those it names.
  bool is_done(const Step& step) const;
  /// Throws InternalError when an output is missing.
  void mark_done(const Step& step, double seconds) const;
  /// Wall clock of the finished step, 0 when there is no record.
  double seconds(const std::string& name) const;
  /// The options a step was last begun with differ from these, or it never began.
  bool begins_anew(const Step& step) const;
  /// Notes with which options a step begins, so that an interrupted one can tell whether to go on.
  void mark_begun(const Step& step) const;

 private:
  fs::path file(const std::string& name, const char* suffix) const { return folder_ / (name + suffix); }
  fs::path folder_;
};

}  // namespace y6q::pipeline
