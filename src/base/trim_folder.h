#pragma once

#include <cstdint>

#include "base/files.h"

namespace y6q {

/// Whether the file is there, and if so makes this moment the time of its modification: a folder is trimmed
/// by when its files were used last. A file that others own serves all the same.
bool mark_used(const fs::path& file);

/// Removes regular files of the folder, those that were modified longest ago first, until what is left has at
/// most `most_bytes`; `kept` stays in any case. Folders in it are left alone. What cannot be removed stays:
/// other processes may work in the folder, too.
void trim_folder(const fs::path& folder, uint64_t most_bytes, const fs::path& kept);

}  // namespace y6q
