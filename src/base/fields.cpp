#include "base/fields.h"

namespace y6q {
namespace fields {

bool parse_truth(std::string_view text, bool& value) {
  std::string word(text);
  for (char& letter : word) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  for (const char* yes : {"true", "yes", "on", "y"}) {
    if (word == yes) return value = true;
  }
  for (const char* no : {"false", "no", "off", "n"}) {
    if (word == no) return !(value = false);
  }
  return false;
}

std::vector<std::string_view> elements(std::string_view list) {
  std::vector<std::string_view> parts;
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    parts.push_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return parts;
}

}  // namespace fields

std::string option_name(std::string_view field_name) {
  std::string option = "--" + std::string(field_name);
  std::ranges::replace(option, '_', '-');
  return option;
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./,:=+@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) return std::string(text);
  std::string quoted = "'";
  for (const char letter : text) quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return quoted + "'";
}

}  // namespace y6q
