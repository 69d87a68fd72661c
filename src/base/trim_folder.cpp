#include "base/trim_folder.h"

#include <algorithm>
#include <vector>

namespace y6q {

bool mark_used(const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return false;
  fs::last_write_time(file, fs::file_time_type::clock::now(), ignored);
  return true;
}

void trim_folder(const fs::path& folder, uint64_t most_bytes, const fs::path& kept) {
  struct Entry {
    fs::path path;
    uint64_t bytes;
    fs::file_time_type modified;
  };
  std::vector<Entry> entries;
  uint64_t sum = 0;
  std::error_code error;
  for (fs::directory_iterator files(folder, error), end; !error && files != end; files.increment(error)) {
    if (!fs::is_regular_file(files->symlink_status(error)) || error) continue;
    const uint64_t bytes = files->file_size(error);
    if (error) continue;
    sum += bytes;
    const fs::file_time_type modified = files->last_write_time(error);
    if (!error && files->path().filename() != kept.filename())
      entries.push_back({files->path(), bytes, modified});
  }
  std::ranges::sort(entries, {}, &Entry::modified);
  for (const Entry& entry : entries) {
    if (sum <= most_bytes) return;
    if (fs::remove(entry.path, error)) sum -= entry.bytes;
  }
}

}  // namespace y6q
