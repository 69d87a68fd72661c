#pragma once

#include <fmt/ranges.h>

#include <array>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/errors.h"

/// The names that an enumeration's values have in texts, files and options. They stand beside the
/// enumeration:
///
///   enum class Scheme { tensorrt, cpu };
///   constexpr auto names_of(Scheme) {
///     return name_table<Scheme>("quantization scheme", {{Scheme::tensorrt, "tensorrt"}, {Scheme::cpu,
///     "cpu"}});
///   }
///
/// and give name_of(Scheme::cpu), from_name<Scheme>("cpu"), all_names<Scheme>(), all_values<Scheme>().
namespace y6q {

template <typename E, size_t N>
struct NameTable {
  std::string_view what;  ///< of messages, e.g. "quantization scheme"
  std::array<std::pair<E, std::string_view>, N> entries;
};

template <typename E, size_t N>
constexpr NameTable<E, N> name_table(std::string_view what,
                                     const std::pair<E, std::string_view> (&entries)[N]) {
  return {what, std::to_array(entries)};
}

template <typename E>
concept Named = std::is_enum_v<E> && requires {
  names_of(E{});
};

/// Throws InternalError for a value that has no name.
template <Named E>
constexpr std::string_view name_of(E value) {
  for (const auto& [named, name] : names_of(E{}).entries) {
    if (named == value) return name;
  }
  throw InternalError("{} {} has no name", names_of(E{}).what, static_cast<int>(value));
}

/// In the table's order.
template <Named E>
std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const auto& entry : names_of(E{}).entries) names.emplace_back(entry.second);
  return names;
}

/// In the table's order.
template <Named E>
std::vector<E> all_values() {
  std::vector<E> values;
  for (const auto& entry : names_of(E{}).entries) values.push_back(entry.first);
  return values;
}

/// Throws UsageError that lists the names.
template <Named E>
E from_name(std::string_view text) {
  for (const auto& [value, name] : names_of(E{}).entries) {
    if (name == text) return value;
  }
  throw UsageError("{} '{}': {} are accepted", names_of(E{}).what, text, fmt::join(all_names<E>(), ", "));
}

}  // namespace y6q
