#include "cli/terminal_monitor.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>

#include "base/duration.h"
#include "cli/progress_line.h"

namespace y6q::cli {
namespace {

// A signal handler can reach nothing but a global.
volatile std::sig_atomic_t g_interrupts = 0;

void on_interrupt(int) {
  g_interrupts = g_interrupts + 1;
  if (g_interrupts > 1) ::_exit(130);
}

/// Columns of the terminal behind stderr; a terminal that does not say has 80.
size_t terminal_width() {
  constexpr size_t kUnknown = 80;
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUnknown;
}

}  // namespace

bool was_interrupted() { return g_interrupts > 0; }

void catch_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  std::signal(SIGUSR1, on_interrupt);  // Slurm's --signal=USR1@120: save and end
}

TerminalMonitor::TerminalMonitor() : is_terminal_(::isatty(STDERR_FILENO) == 1) {}

TerminalMonitor::~TerminalMonitor() {
  clear_bar();
  for (size_t i = 0; i < passed_warnings_; ++i) print_warning(warnings_[i]);
}

void TerminalMonitor::begin(std::string_view task, int64_t total, std::string_view unit) {
  if (!catching_) catch_interrupts();
  catching_ = true;
  passed_warnings_ = warnings_.size();
  task_ = task;
  unit_ = unit;
  total_ = total;
  last_ = 0;
  start_ = shown_ = Clock::now();
  if (!is_terminal_) fmt::print(stderr, "{}: {} {}\n", task_, total_, unit_);
}

double TerminalMonitor::elapsed() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

void TerminalMonitor::advance(int64_t done, std::string_view status) {
  last_ = done;
  const double since_shown = std::chrono::duration<double>(Clock::now() - shown_).count();
  constexpr double kBarSeconds = 0.1, kLineSeconds = 10;
  if (since_shown < (is_terminal_ ? kBarSeconds : kLineSeconds)) return;
  shown_ = Clock::now();
  const Progress progress{task_, unit_, done, total_, elapsed(), std::string(status)};
  if (is_terminal_) {
    // A line that wraps cannot be drawn over. What the old one had more is cleared behind the new one: a line
    // that is cleared first flickers.
    fmt::print(stderr, "\r{}\033[K", progress_bar(progress, terminal_width() - 1));
    std::fflush(stderr);
    bar_shown_ = true;
  } else {
    fmt::print(stderr, "{}\n", progress_line(progress));
  }
}

void TerminalMonitor::end() {
  clear_bar();
  fmt::print(stderr, "{}: {} {} in {}\n", task_, last_, unit_, duration_text(elapsed()));
}

void TerminalMonitor::message(std::string_view line) {
  clear_bar();
  fmt::print(stderr, "{}\n", line);
}

void TerminalMonitor::warning(std::string_view line) {
  clear_bar();
  print_warning(line);
  warnings_.emplace_back(line);
}

void TerminalMonitor::print_warning(std::string_view line) const {
  const char *bold = is_terminal_ ? "\033[1;33m" : "", *plain = is_terminal_ ? "\033[0m" : "";
  fmt::print(stderr, "\n{}*** WARNING: {}{}\n\n", bold, line, plain);
}

bool TerminalMonitor::stop_requested() const { return g_interrupts > 0; }

void TerminalMonitor::clear_bar() {
  if (bar_shown_) fmt::print(stderr, "\r\033[K");
  bar_shown_ = false;
}

}  // namespace y6q::cli
