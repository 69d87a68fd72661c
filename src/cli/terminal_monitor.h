#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/monitor.h"

namespace y6q::cli {

/// From here on a first SIGINT, SIGTERM or SIGUSR1 asks the work to stop, and a second one ends the process.
/// Not to be called before there is work that asks stop_requested().
void catch_interrupts();
/// Whether one has come since.
bool was_interrupted();

/// Progress on stderr: a bar with rate and time left on a terminal, a plain line every ten seconds otherwise.
/// From the first begin() on Ctrl-C asks the work to stop, and a second one ends the process at once; before,
/// the first does. Warnings stand out, and those that work has followed stand at the end again. One instance
/// a process.
class TerminalMonitor : public Monitor {
 public:
  TerminalMonitor();
  ~TerminalMonitor() override;
  void begin(std::string_view task, int64_t total, std::string_view unit) override;
  void advance(int64_t done, std::string_view status) override;
  void end() override;
  void message(std::string_view line) override;
  void warning(std::string_view line) override;
  bool stop_requested() const override;

 private:
  using Clock = std::chrono::steady_clock;
  void print_warning(std::string_view line) const;
  double elapsed() const;  ///< seconds since begin()
  void clear_bar();

  bool is_terminal_;
  bool bar_shown_ = false, catching_ = false;
  std::string task_, unit_;
  std::vector<std::string> warnings_;
  size_t passed_warnings_ = 0;  ///< those before the last begin()
  int64_t total_ = 0, last_ = 0;
  Clock::time_point start_, shown_;
};

}  // namespace y6q::cli
