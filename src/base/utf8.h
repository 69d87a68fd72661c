#pragma once

#include <string>
#include <string_view>

namespace y6q {

/// Well-formed by RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

/// A to Z become a to z; all other bytes stay, whatever the locale.
std::string lower_case(std::string text);

/// The first characters of a text, at most `count`, none of them cut.
std::string_view first_characters(std::string_view text, size_t count);

/// A JSON document as text, a nlohmann::json of either order; indent -1: one line. JSON holds UTF-8 and
/// nothing else, names of files are any bytes: U+FFFD stands for those that are no UTF-8.
template <typename Json>
std::string json_text(const Json& document, int indent = -1) {
  return document.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace y6q
