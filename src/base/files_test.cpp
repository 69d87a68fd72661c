#include "base/files.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "support/folder.h"

namespace y6q {
namespace {

int64_t entries(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

TEST(AtomicFile, IsInvisibleUntilCommitted) {
  const support::Folder folder;
  const fs::path path = folder.path() / "deep" / "file.txt";
  {
    AtomicFile file(path);
    file.stream() << "half";
    file.stream().flush();
    EXPECT_FALSE(fs::exists(path));
    file.commit();
  }
  EXPECT_EQ(read_file(path), "half");
  EXPECT_EQ(entries(path.parent_path()), 1);
}

TEST(AtomicFile, LeavesTheOldContentWhenItIsGivenUp) {
  const support::Folder folder;
  const fs::path path = folder.path() / "file.txt";
  write_file(path, "old");
  { AtomicFile(path).stream() << "new"; }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(entries(path.parent_path()), 1);
}

TEST(ReadFile, NamesTheFileInItsErrors) {
  EXPECT_THROW(read_file("/nowhere/at/all"), InputError);
  EXPECT_THROW(read_file(testing::TempDir()), InputError);
  const support::Folder folder;
  const fs::path path = folder.path() / "file.txt";
  write_file(path, "123456");
  EXPECT_THROW(read_file(path, 5), InputError);
}

// FIPS 180-2, appendix B.1.
TEST(Sha256, OfAbcIsTheStandardsExample) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const support::Folder folder;
  const fs::path path = folder.path() / "abc";
  write_file(path, "abc");
  EXPECT_EQ(sha256_of_file(path), sha256_hex("abc"));
}

TEST(MappedFile, ShowsTheBytesAndAcceptsAnEmptyFile) {
  const support::Folder folder;
  const fs::path path = folder.path() / "file";
  write_file(path, "xy");
  EXPECT_EQ(MappedFile(path).bytes()[1], std::byte{'y'});
  write_file(path, "");
  EXPECT_EQ(MappedFile(path).bytes().size(), 0U);
}

}  // namespace
}  // namespace y6q
