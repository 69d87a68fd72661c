#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string>

namespace y6q {

/// "0:07", "12:33", "1:02:03".
inline std::string duration_text(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace y6q
