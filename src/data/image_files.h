#pragma once

#include <vector>

#include "data/draft.h"

namespace y6q::data {

/// The images of a split, before anything is known of their objects. Private to this folder.
struct ImageFiles {
  std::vector<DraftSample> samples;  ///< with a problem and no image: a line of a list that leads to none
  std::vector<fs::path> folders, lists;
  int64_t repeated = 0;  ///< lines that name an image again; each image is there once
};

/// sources: folders (with all that is below them), and lists: .txt files of one image a line. Relative lines
/// begin at the folder of their list or, where nothing is there, at `root`. Throws InputError for what is
/// neither, and for a list of more than 5 million lines.
ImageFiles find_image_files(const std::vector<fs::path>& sources, const fs::path& root);

/// Image files below a folder (spec/02 §1.3), sorted. Throws InputError when the folder does not exist.
std::vector<fs::path> images_below(const fs::path& folder);

/// The paths of one list's text, as samples: an image that exists or cannot be looked at, or a problem that
/// names the line. Lines may end with \r\n; empty ones are passed over. Throws as above.
std::vector<DraftSample> parse_image_list(std::string_view text, const fs::path& list, const fs::path& root);

}  // namespace y6q::data
