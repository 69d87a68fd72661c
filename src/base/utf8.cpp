#include "base/utf8.h"

#include <algorithm>
#include <cstdint>

namespace y6q {
namespace {

struct Form {
  uint8_t mask, lead;  ///< of the first byte
  size_t length;
  uint32_t smallest;  ///< what a shorter form can hold is overlong
};
constexpr Form kForms[]{
    {0x80, 0x00, 1, 0}, {0xE0, 0xC0, 2, 0x80}, {0xF0, 0xE0, 3, 0x800}, {0xF8, 0xF0, 4, 0x10000}};

/// Bytes of the character that the text begins with; 0: none.
size_t first_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto* form =
      std::ranges::find_if(kForms, [&](const Form& f) { return (byte(0) & f.mask) == f.lead; });
  if (form == std::end(kForms) || form->length > text.size()) return 0;
  uint32_t code = byte(0) & static_cast<uint8_t>(~form->mask);
  for (size_t i = 1; i < form->length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < form->smallest || is_surrogate || code > 0x10FFFF ? 0 : form->length;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = first_character(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string_view first_characters(std::string_view text, size_t count) {
  size_t end = 0;
  for (; end < text.size(); ++end) {
    const bool begins = (static_cast<uint8_t>(text[end]) & 0xC0) != 0x80;
    if (begins && count-- == 0) break;
  }
  return text.substr(0, end);
}

}  // namespace y6q
