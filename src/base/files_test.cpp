#include "base/files.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

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

TEST(AtomicFile, RemovesWhatAKilledProcessLeftOfTheSameFile) {
  const support::Folder folder;
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  ::waitpid(dead, nullptr, 0);
  const auto left_by = [&](const char* name, pid_t process) {
    const fs::path path = folder.path() / fmt::format(".{}.tmp-{}", name, process);
    std::ofstream(path) << "half";
    return path;
  };
  const fs::path orphan = left_by("file.txt", dead), of_another_file = left_by("other.txt", dead),
                 alive = left_by("file.txt", ::getppid());
  write_file(folder.path() / "file.txt", "whole");
  EXPECT_FALSE(fs::exists(orphan));
  EXPECT_TRUE(fs::exists(of_another_file));
  EXPECT_TRUE(fs::exists(alive));
  write_file(folder.path() / "other.txt", "whole");
  EXPECT_FALSE(fs::exists(of_another_file));
}

TEST(ReadFile, NamesTheFileInItsErrors) {
  EXPECT_THROW(read_file("/nowhere/at/all"), InputError);
  EXPECT_THROW(read_file(testing::TempDir()), InputError);
  const support::Folder folder;
  const fs::path path = folder.path() / "file.txt";
  write_file(path, "123456");
  EXPECT_THROW(read_file(path, 5), InputError);
}

/// Runs `body` in a process of a user to whom mode bits mean something, and returns its exit code.
template <typename Body>
int as_nobody(const Body& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    const bool changed = ::getuid() != 0 || ::setuid(kNobody) == 0;
    int code = changed ? 0 : 99;
    try {
      if (changed) body();
    } catch (const Error& error) {
      const bool has_reason =
          std::string_view(error.what()).find("Permission denied") != std::string_view::npos;
      code = has_reason ? static_cast<int>(error.code()) : 98;
    }
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ReadFile, WhatMayNotBeReadIsTheMachinesFault) {
  const support::Folder folder;
  const fs::path path = folder.path() / "file.txt";
  write_file(path, "secret");
  fs::permissions(path, fs::perms::none);
  EXPECT_EQ(as_nobody([&] { read_file(path); }), 4);
  EXPECT_EQ(as_nobody([&] { MappedFile{path}; }), 4);
}

TEST(ReadFile, WhatTheMachineLacksIsNotTheFilesFault) {
  const auto fail_with = [](int reason) {
    return [reason] { throw_unreadable("a/file.txt", {reason, std::generic_category()}); };
  };
  for (const int reason : {EACCES, EMFILE, ENFILE, ENOMEM, EIO}) {
    EXPECT_THAT(fail_with(reason),
                testing::ThrowsMessage<EnvironmentError>(testing::AllOf(
                    testing::HasSubstr("a/file.txt"), testing::HasSubstr(std::strerror(reason)))));
  }
  for (const int reason : {ENOENT, EISDIR, ELOOP}) EXPECT_THROW(fail_with(reason)(), InputError) << reason;
}

TEST(ReadFile, DoesNotWaitForAPipe) {
  const support::Folder folder;
  const fs::path path = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THROW(read_file(path), InputError);
  EXPECT_THROW(MappedFile{path}, InputError);
}

// FIPS 180-2, appendix B.1.
TEST(Sha256, OfAbcIsTheStandardsExample) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const support::Folder folder;
  const fs::path path = folder.path() / "abc";
  write_file(path, "abc");
  EXPECT_EQ(sha256_of_file(path), sha256_hex("abc"));
}

TEST(Sha256, OfAFileOfSeveralPartsIsThatOfItsBytes) {
  const support::Folder folder;
  const fs::path path = folder.path() / "file";
  for (const size_t size : {size_t{0}, size_t{1} << 20, (size_t{5} << 19) + 1}) {
    std::string bytes(size, 'a');
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * i >> 7);
    write_file(path, bytes);
    EXPECT_EQ(digest_of_file(path).bytes, size);
    EXPECT_EQ(digest_of_file(path).sha256, sha256_hex(bytes));
  }
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
