#pragma once

#include <cstdint>
#include <string_view>

namespace y6q {

/// Where long work reports to, and asks whether to stop. The library never prints: the command line passes an
/// implementation that draws bars on a terminal and plain lines otherwise; tests pass silent_monitor().
class Monitor {
 public:
  virtual ~Monitor() = default;
  /// Starts a task of `total` units ("images", "iterations"); total 0: unknown.
  virtual void begin(std::string_view task, int64_t total, std::string_view unit) = 0;
  /// `done` units so far; status: short text such as "loss 1.23".
  virtual void advance(int64_t done, std::string_view status) = 0;
  virtual void end() = 0;
  /// One line worth keeping: a warning, an epoch's result.
  virtual void message(std::string_view line) = 0;
  /// True after Ctrl-C: finish the current unit, save, throw Interrupted.
  virtual bool stop_requested() const = 0;
};

/// Says nothing, never stops.
Monitor& silent_monitor();

}  // namespace y6q
