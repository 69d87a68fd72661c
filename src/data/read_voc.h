#pragma once

#include "data/draft.h"

namespace y6q::data {

/// A folder with Annotations/ and JPEGImages/.
bool is_voc_folder(const fs::path& folder);

/// Where the images of a split are listed.
fs::path voc_list(const fs::path& folder, const std::string& split);

/// The images that ImageSets/Main/<split>.txt lists. Coordinates are continuous pixel edges, as written.
/// class_names: expected names (empty: all that occur in Annotations/, sorted). Throws InputError.
Draft read_voc_draft(const fs::path& folder, const std::string& split,
                     const std::vector<std::string>& class_names = {});

}  // namespace y6q::data
