#include "base/class_names.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/errors.h"
#include "base/utf8.h"

namespace y6q {

void check_class_names(std::span<const std::string> names, std::string_view where) {
  if (names.size() > kMostClasses) {
    throw InputError("{}: {} classes; at most {} are accepted", where, names.size(), kMostClasses);
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].size() > kLongestClassName) {
      throw InputError("{}: the name of class {} has {} bytes; at most {} are accepted, shorten it", where, i,
                       names[i].size(), kLongestClassName);
    }
    if (!is_utf8(names[i])) {
      throw InputError("{}: the name of class {} is not UTF-8; save the file that holds it as UTF-8", where,
                       i);
    }
  }
}

std::vector<int64_t> find_classes(std::span<const std::string> wanted, std::span<const std::string> names) {
  std::set<int64_t> found;
  for (const std::string& word : wanted) {
    const auto named = std::ranges::find(names, word);
    if (named != names.end()) {
      found.insert(named - names.begin());
      continue;
    }
    int64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    const bool is_number = error == std::errc() && end == word.data() + word.size();
    if (!is_number || number < 0 || number >= std::ssize(names)) {
      throw UsageError("--classes: there is no class '{}'; accepted are 0 to {}, or names: {}", word,
                       names.size() - 1, fmt::join(names, ", "));
    }
    found.insert(number);
  }
  return {found.begin(), found.end()};
}

}  // namespace y6q
