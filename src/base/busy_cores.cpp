#include "base/busy_cores.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

namespace y6q {
namespace {

/// user, nice, system, idle, iowait, irq, softirq, steal; proc(5). Guests are part of user.
constexpr size_t kTimes = 8, kIdle = 3, kWaiting = 4;

std::optional<std::array<double, kTimes>> times_of(std::string_view line) {
  std::array<double, kTimes> times{};
  for (double& time : times) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), time);
    if (error != std::errc()) return std::nullopt;
    line.remove_prefix(static_cast<size_t>(end - line.data()));
  }
  return times;
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

}  // namespace

std::optional<ProcessorTime> parse_processor_time(std::string_view stat, double ticks_per_second) {
  ProcessorTime result;
  while (stat.starts_with("cpu")) {  // the sum, then one line a processor
    const std::string_view line = stat.substr(3, stat.find('\n') - 3);
    stat.remove_prefix(std::min(line.size() + 4, stat.size()));
    if (!line.empty() && line[0] >= '0' && line[0] <= '9') {
      ++result.processors;
      continue;
    }
    const auto times = times_of(line);
    if (!times) return std::nullopt;
    for (size_t i = 0; i < kTimes; ++i) {
      if (i != kIdle && i != kWaiting) result.machine += (*times)[i] / ticks_per_second;
    }
  }
  return result.processors > 0 ? std::optional(result) : std::nullopt;
}

std::optional<ProcessorTime> processor_time() {
  std::ifstream file("/proc/stat");
  const std::string stat(std::istreambuf_iterator<char>(file), {});
  auto result = parse_processor_time(stat, static_cast<double>(::sysconf(_SC_CLK_TCK)));
  rusage usage{};
  if (!result || ::getrusage(RUSAGE_SELF, &usage) != 0) return std::nullopt;
  result->own = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  return result;
}

double busy_with_others(const ProcessorTime& before, const ProcessorTime& after, double seconds) {
  const double others = (after.machine - before.machine) - (after.own - before.own);
  return seconds > 0 ? std::max(0.0, others / seconds) : 0;
}

}  // namespace y6q
