#pragma once

#include <istream>
#include <string>
#include <vector>

#include "base/files.h"

namespace y6q::stages {

/// One file to look at.
struct DetectSource {
  fs::path path;
  fs::path relative;  ///< where its results go below the output folder; never leads out of it
  bool is_video = false;
};

/// Files, folders (all images below them, and videos where this program reads them), globs (* ? [ ] as in a
/// shell) and "-" (paths, one a line, from `list`), in the order given; what a folder or glob holds is
/// sorted. A folder's results keep its tree. Throws InputError for what does not exist, for a glob that
/// matches nothing, and when nothing is found at all.
std::vector<DetectSource> find_sources(const std::vector<std::string>& words, std::istream& list);

}  // namespace y6q::stages
