#pragma once

#include <optional>
#include <string_view>

namespace y6q {

/// Seconds that processors have worked since the machine started.
struct ProcessorTime {
  double machine = 0;  ///< all of its processors, for anybody
  double own = 0;      ///< for this process
  int processors = 0;
};

/// machine and processors of the text of /proc/stat; nothing when it has no such lines.
std::optional<ProcessorTime> parse_processor_time(std::string_view stat, double ticks_per_second);

/// As it stands now; nothing where the system does not say.
std::optional<ProcessorTime> processor_time();

/// How many processors others kept busy between two such times, `seconds` apart.
double busy_with_others(const ProcessorTime& before, const ProcessorTime& after, double seconds);

}  // namespace y6q
