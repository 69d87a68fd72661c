#include "base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/errors.h"

namespace y6q {

FolderLock::FolderLock(const fs::path& folder) {
  make_folder(folder);
  descriptor_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor_ < 0) {
    throw EnvironmentError("{}: cannot be opened: {}", folder.string(),
                           std::generic_category().message(errno));
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(descriptor_);
    throw UsageError("{}: another process is working in this folder; wait for it, stop it or choose another",
                     folder.string());
  }
}

FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace y6q
