#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace y6q {

inline constexpr size_t kMostClasses = 10'000, kLongestClassName = 256;  ///< the latter in bytes

/// What every data set must keep to and every model file holds (docs/reference/model-file.md): at most
/// kMostClasses names of UTF-8, at most kLongestClassName bytes each. Throws InputError that begins with
/// `where`.
void check_class_names(std::span<const std::string> names, std::string_view where);

/// Positions in `names` of the classes that `wanted` names, ascending, each once: by name, or by number from
/// 0 where no class has that name. Throws UsageError with all names.
std::vector<int64_t> find_classes(std::span<const std::string> wanted, std::span<const std::string> names);

}  // namespace y6q
