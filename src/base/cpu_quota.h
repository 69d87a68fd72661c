#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace y6q {

/// Processors' worth of time (0.5 = half of one) that cgroup v2 allows a process: the least quota / period of
/// cpu.max in its group and the groups above it, as containers set it. Empty without a limit, and where
/// cgroup v2 is not in use. Files that cannot be read or understood limit nothing.
///
/// membership: the text of /proc/<pid>/cgroup; its line "0::/path" counts. root: where cgroup v2 is mounted.
std::optional<double> cgroup_cpu_limit(std::string_view membership, const std::filesystem::path& root);

/// That of this process.
std::optional<double> cpu_quota();

}  // namespace y6q
