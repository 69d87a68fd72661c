#pragma once

#include <array>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"
#include "base/files.h"
#include "stages/run.h"

namespace y6q::pipeline {

/// The phases of a run, in order; --from and --to name them.
inline constexpr auto kPhases =
    std::to_array<std::string_view>({"hyper-search", "scales", "float", "calibrate", "sensitivity", "qat",
                                     "export", "build", "evaluate", "bench", "report"});

/// One step of a run as a value. The same choices and the same input files give the same outputs.
struct Step {
  std::string_view phase;         ///< one of kPhases
  std::string name;               ///< unique in the run, fit for a file name
  nlohmann::json choices{};       ///< everything beside `needs` that changes the result
  std::vector<fs::path> needs{};  ///< files that are read: of earlier steps, or the user's
  /// Files that are written. Empty: cheap, and done again each time.
  std::vector<fs::path> makes{};
  /// Of a training: what it leaves when it is stopped. Removed when the choices have changed since.
  fs::path state{};
  /// All processes of a job work on it together; otherwise the first one works and the others wait.
  bool together = false;
  std::function<void(stages::Run&)> work{};
  std::string by_hand{};  ///< the command that does the same, in the folder of the run; may be empty
};

/// Settings as choices of a step.
template <typename T>
nlohmann::json settings_of(const std::vector<Field<T>>& table, const T& options) {
  nlohmann::json values = nlohmann::json::object();
  for (const Field<T>& field : table) values[field.name] = field.text(options);
  return values;
}

}  // namespace y6q::pipeline
