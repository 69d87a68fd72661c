#pragma once

#include "base/files.h"

namespace y6q {

/// A folder that appears under its name complete or not at all: filled beside it as `.<name>.tmp-<pid>` and
/// renamed by commit(); removed by the destructor when commit() was not reached.
class AtomicFolder {
 public:
  /// Throws UsageError, beginning with `who`, when there is something else than an empty folder already;
  /// EnvironmentError.
  AtomicFolder(const fs::path& path, std::string who);
  ~AtomicFolder();
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  /// Where to write until commit().
  const fs::path& temporary_path() const { return temporary_; }
  /// Throws EnvironmentError.
  void commit();

 private:
  std::string who_;
  fs::path path_, temporary_;
};

}  // namespace y6q
