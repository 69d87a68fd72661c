#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace y6q {

/// What the process returns. The same table stands in docs/reference/errors.md.
enum class ExitCode : int {
  kDone = 0,
  kGoalMissed = 1,   ///< a bound that was asked for was missed, or the numbers broke down
  kUsage = 2,        ///< wrong options
  kInput = 3,        ///< a file or data set is not acceptable
  kEnvironment = 4,  ///< the machine lacks something or has run out of it
  kInternal = 70,    ///< a bug of ours
  kInterrupted = 130
};

/// Base of every error that we throw. The text says where, what was found, what is accepted and the way out.
/// The type says who can act; the library neither prints nor exits, cli/run.cpp catches once.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& text) : std::runtime_error(text), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// One class an actor: `throw InputError("coco: {}, byte {}: …", path, offset)`.
template <ExitCode kCode>
class ErrorOf : public Error {
 public:
  explicit ErrorOf(const std::string& text) : Error(kCode, text) {}
  template <typename First, typename... Rest>
  explicit ErrorOf(fmt::format_string<First, Rest...> format, First&& first, Rest&&... rest)
      : Error(kCode, fmt::format(format, std::forward<First>(first), std::forward<Rest>(rest)...)) {}
};

struct InputError : ErrorOf<ExitCode::kInput> {  ///< fix the file
  using ErrorOf::ErrorOf;
};
struct ShapeError : ErrorOf<ExitCode::kInput> {  ///< shapes of a network do not fit together
  using ErrorOf::ErrorOf;
};
struct UsageError : ErrorOf<ExitCode::kUsage> {  ///< correct the command
  using ErrorOf::ErrorOf;
};
struct UnsupportedError : ErrorOf<ExitCode::kUsage> {  ///< choose another option
  using ErrorOf::ErrorOf;
};
struct EnvironmentError : ErrorOf<ExitCode::kEnvironment> {  ///< install or free something
  using ErrorOf::ErrorOf;
};
struct GoalMissed : ErrorOf<ExitCode::kGoalMissed> {  ///< a bound was missed, or a loss is not finite
  using ErrorOf::ErrorOf;
};
struct InternalError : ErrorOf<ExitCode::kInternal> {  ///< report it
  using ErrorOf::ErrorOf;
};
struct Interrupted : ErrorOf<ExitCode::kInterrupted> {  ///< stopped by the user; the text says how to go on
  using ErrorOf::ErrorOf;
};

}  // namespace y6q
