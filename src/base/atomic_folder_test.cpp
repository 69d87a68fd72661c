#include "base/atomic_folder.h"

#include <gmock/gmock.h>

#include "base/errors.h"
#include "support/folder.h"

namespace y6q {
namespace {

TEST(AtomicFolder, AppearsWhenItIsCompleteAndNotBefore) {
  const support::Folder folder;
  const fs::path out = folder / "new/folder";
  {
    AtomicFolder made(out, "test");
    write_file(made.temporary_path() / "a.txt", "a");
    EXPECT_FALSE(fs::exists(out));
    made.commit();
  }
  EXPECT_EQ(read_file(out / "a.txt"), "a");
}

TEST(AtomicFolder, LeavesNothingWithoutCommit) {
  const support::Folder folder;
  { write_file(AtomicFolder(folder / "out", "test").temporary_path() / "a.txt", "a"); }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(AtomicFolder, TakesTheNameOfAnEmptyFolderOnly) {
  const support::Folder folder;
  fs::create_directory(folder / "empty");
  AtomicFolder(folder / "empty/", "test").commit();
  write_file(folder / "full/a.txt", "a");
  for (const char* name : {"full", "full/a.txt"}) {
    EXPECT_THAT([&] { AtomicFolder(folder / name, "test"); },
                testing::ThrowsMessage<UsageError>(testing::HasSubstr(folder / name)));
  }
  EXPECT_EQ(read_file(folder / "full/a.txt"), "a");
}

}  // namespace
}  // namespace y6q
