#include "base/atomic_folder.h"

#include <unistd.h>

#include "base/errors.h"

namespace y6q {

AtomicFolder::AtomicFolder(const fs::path& path, std::string who)
    : who_(std::move(who)), path_(fs::absolute(path / "").parent_path()) {
  std::error_code error;
  const auto status = fs::status(path_, error);
  if (fs::exists(status) && (!fs::is_directory(status) || !fs::is_empty(path_, error))) {
    throw UsageError("{}: {} exists and is not an empty folder; remove it or choose another", who_,
                     path.string());
  }
  temporary_ = path_.parent_path() / fmt::format(".{}.tmp-{}", path_.filename().string(), ::getpid());
  make_folder(temporary_);
}

AtomicFolder::~AtomicFolder() {
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);  // gone when commit() was reached
}

void AtomicFolder::commit() {
  std::error_code error;
  fs::rename(temporary_, path_, error);
  if (error) throw EnvironmentError("{}: {} cannot be made: {}", who_, path_.string(), error.message());
}

}  // namespace y6q
