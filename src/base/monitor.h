#pragma once

#include <cstdint>
#include <string>
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
  /// One line worth keeping: an epoch's result, what was left out.
  virtual void message(std::string_view line) = 0;
  /// One line that must not be overlooked: a mistake of the user's, most likely.
  virtual void warning(std::string_view line) { message("warning: " + std::string(line)); }
  /// True after Ctrl-C: finish the current unit, save, throw Interrupted.
  virtual bool stop_requested() const = 0;
};

/// Says nothing, never stops.
Monitor& silent_monitor();

/// For work inside other work: stops when the outer one is asked to, and leaves its progress alone.
class InnerMonitor : public Monitor {
 public:
  explicit InnerMonitor(const Monitor& outer) : outer_(outer) {}
  void begin(std::string_view, int64_t, std::string_view) override {}
  void advance(int64_t, std::string_view) override {}
  void end() override {}
  void message(std::string_view) override {}
  bool stop_requested() const override { return outer_.stop_requested(); }

 private:
  const Monitor& outer_;
};

}  // namespace y6q
