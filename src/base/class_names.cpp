#include "base/class_names.h"

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

}  // namespace y6q
