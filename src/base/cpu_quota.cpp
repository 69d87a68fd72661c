#include "base/cpu_quota.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

namespace y6q {
namespace {

namespace fs = std::filesystem;

/// "max 100000" or "50000 100000": microseconds in each period.
std::optional<double> read_limit(const fs::path& file) {
  std::ifstream in(file);
  double quota = 0, period = 0;
  if (!(in >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

/// Relative to the root of the hierarchy. Empty: not a member, or in the root itself.
fs::path group_of(std::string_view membership) {
  constexpr std::string_view kVersion2 = "0::/";
  std::istringstream lines{std::string(membership)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kVersion2)) return line.substr(kVersion2.size());
  }
  return {};
}

}  // namespace

std::optional<double> cgroup_cpu_limit(std::string_view membership, const fs::path& root) {
  // The root is read too: in a container it is the container's own group.
  std::optional<double> least = read_limit(root / "cpu.max");
  fs::path group = root;
  for (const fs::path& name : group_of(membership)) {
    group /= name;
    const std::optional<double> limit = read_limit(group / "cpu.max");
    if (limit) least = std::min(least.value_or(*limit), *limit);
  }
  return least;
}

std::optional<double> cpu_quota() {
  std::ifstream in("/proc/self/cgroup");
  std::ostringstream text;
  text << in.rdbuf();
  return cgroup_cpu_limit(text.str(), "/sys/fs/cgroup");
}

}  // namespace y6q
