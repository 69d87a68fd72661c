#pragma once

#include "base/files.h"

namespace y6q {

/// Keeps other processes of this program out of a folder that one of them fills step by step. The lock is
/// advisory, belongs to the folder itself (there is no lock file) and ends with this object or the process,
/// however that ends. The folder is made when it is missing. Throws UsageError when another FolderLock, of
/// this process or another, holds it, EnvironmentError when the folder cannot be made or opened. File systems
/// without locks give none.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace y6q
