#pragma once

#include <fmt/core.h>

#include <string>

namespace y6q {

/// With so many decimals: "-1.2", "0.3". What rounds to zero has no sign: "0.0".
inline std::string fixed_text(double value, int decimals) {
  const std::string text = fmt::format("{:.{}f}", value, decimals);
  const bool is_minus_zero = text.starts_with("-0") && text.find_first_of("123456789") == std::string::npos;
  return is_minus_zero ? text.substr(1) : text;
}

/// A difference: "+" before what is above zero once it is rounded.
inline std::string signed_text(double value, int decimals) {
  const std::string text = fixed_text(value, decimals);
  return value > 0 && text != fixed_text(0, decimals) ? "+" + text : text;
}

}  // namespace y6q
