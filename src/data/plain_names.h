#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/files.h"

namespace y6q::data {

/// Names for copies of files in one folder that every tool can read: the path below the files' common folder
/// with `_` for slashes, blanks, control characters, quotes and bytes that are no UTF-8, the type in lower
/// case, at most 200 bytes. No two have the same stem: a number follows where they would ("a-2.jpg").
class PlainNames {
 public:
  /// One name a file, in their order; stems of earlier calls are taken.
  std::vector<std::string> of(const std::vector<fs::path>& files);

 private:
  std::set<std::string> taken_;
};

}  // namespace y6q::data
