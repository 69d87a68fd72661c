#pragma once

#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/monitor.h"

namespace y6q::stages {

/// One file to look at.
struct DetectSource {
  fs::path path;
  fs::path relative;  ///< where its results go below the output folder; never leads out of it
  bool is_video = false;
  bool is_list = false;    ///< stands for what a list will name
  bool is_listed = false;  ///< comes from a list: known when its turn comes, not before
};

/// Files, folders (all images below them, and videos where this program reads them), globs (* ? [ ] as in a
/// shell) and "-" (a list, read while the work goes on), in the order given; what a folder or glob holds is
/// sorted. A folder's results keep its tree; the files of other types that it holds are counted in a message.
/// Throws InputError for what does not exist, for a glob that matches nothing, and when nothing is found at
/// all.
std::vector<DetectSource> find_sources(const std::vector<std::string>& words, Monitor& monitor);

/// The next path of a list, one a line; nothing at its end. It need not exist: a file that is gone counts as
/// broken, like one that cannot be decoded.
std::optional<DetectSource> next_listed(std::istream& list);

/// InputError that says what is accepted.
[[noreturn]] void throw_no_image();

}  // namespace y6q::stages
