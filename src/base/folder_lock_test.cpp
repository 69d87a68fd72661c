#include "base/folder_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/errors.h"
#include "support/folder.h"

namespace y6q {
namespace {

/// What another process meets: 0 the folder was free, else the exit code of the error.
int try_in_another_process(const fs::path& folder) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      const FolderLock lock(folder);
      ::_exit(0);
    } catch (const Error& error) {
      ::_exit(static_cast<int>(error.code()));
    }
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(FolderLock, KeepsOtherProcessesOutUntilItEnds) {
  const support::Folder folder;
  const fs::path run = folder.path() / "runs" / "x";
  {
    const FolderLock lock(run);
    EXPECT_EQ(try_in_another_process(run), static_cast<int>(ExitCode::kUsage));
    EXPECT_EQ(try_in_another_process(run / "float"), 0);  // a step's folder has a lock of its own
  }
  EXPECT_EQ(try_in_another_process(run), 0);
}

TEST(FolderLock, EndsWithAProcessThatIsKilled) {
  const support::Folder folder;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const FolderLock lock(folder.path());
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_THROW(FolderLock(folder.path()), UsageError);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_NO_THROW(FolderLock(folder.path()));
}

TEST(FolderLock, NamesAFolderThatCannotBe) {
  const support::Folder folder;
  write_file(folder.path() / "file", "");
  EXPECT_THROW(FolderLock(folder.path() / "file"), EnvironmentError);
}

}  // namespace
}  // namespace y6q
