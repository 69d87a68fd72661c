#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace y6q {

inline constexpr size_t kMostClasses = 10'000, kLongestClassName = 256;  ///< the latter in bytes

/// What every data set must keep to and every model file holds (docs/reference/model-file.md): at most
/// kMostClasses names of UTF-8, at most kLongestClassName bytes each. Throws InputError that begins with
/// `where`.
void check_class_names(std::span<const std::string> names, std::string_view where);

}  // namespace y6q
