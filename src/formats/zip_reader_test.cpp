#include "formats/zip_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "formats/test_archive.h"

namespace y6q::formats {
namespace {

using test::archive;
using test::ArchiveEntry;
using testing::HasSubstr;
using testing::ThrowsMessage;

ZipReader open(const std::string& bytes) { return {std::as_bytes(std::span(bytes)), "file.pt"}; }

std::string content(const ZipReader& zip, std::string_view name) {
  const auto bytes = zip.read(name);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void expect_refused(const std::string& bytes, const std::string& reason) {
  EXPECT_THAT([&] { open(bytes); }, ThrowsMessage<InputError>(HasSubstr(reason)));
}

std::vector<ArchiveEntry> two() { return {{"a/b.txt", "hello"}, {"a/c", ""}}; }

/// Two entries, one of them changed.
template <typename Change>
std::string changed(Change change) {
  auto entries = two();
  change(entries[0]);
  return archive(entries);
}

TEST(ZipReader, ReadsStoredEntries) {
  const std::string bytes = archive(two());
  const ZipReader zip = open(bytes);
  EXPECT_EQ(zip.entries().size(), 2U);
  EXPECT_EQ(content(zip, "a/b.txt"), "hello");
  EXPECT_EQ(content(zip, "a/c"), "");
  EXPECT_THAT([&] { zip.read("a/d"); }, ThrowsMessage<InputError>(HasSubstr("no entry 'a/d'")));
}

TEST(ZipReader, ReadsZip64Fields) {
  const std::string bytes = changed([](ArchiveEntry& entry) { entry.zip64 = true; });
  EXPECT_EQ(content(open(bytes), "a/b.txt"), "hello");
}

TEST(ZipReader, ReadsZip64EndRecords) {
  std::string bytes = archive(two());
  const uint64_t end = bytes.size() - 22;
  uint32_t size = 0, offset = 0;
  std::memcpy(&size, bytes.data() + end + 12, 4);
  std::memcpy(&offset, bytes.data() + end + 16, 4);
  bytes.resize(end);
  bytes += "PK\6\6";
  test::put<uint64_t>(bytes, 44);  // what follows
  test::put<uint32_t>(bytes, 45 << 16 | 45);
  test::put<uint64_t>(bytes, 0);  // this part, the index's part
  for (const uint64_t value : {uint64_t{2}, uint64_t{2}, uint64_t{size}, uint64_t{offset}})
    test::put(bytes, value);
  bytes += "PK\6\7";
  test::put<uint32_t>(bytes, 0);
  test::put<uint64_t>(bytes, end);
  test::put<uint32_t>(bytes, 1);
  bytes += test::end_record(0xffff, 0xffffffff, 0xffffffff);
  EXPECT_EQ(content(open(bytes), "a/b.txt"), "hello");
}

TEST(ZipReader, ComparesChecksums) {
  std::string bytes = archive(two());
  bytes[bytes.find("hello")] = 'j';
  EXPECT_THAT([&] { open(bytes).read("a/b.txt"); }, ThrowsMessage<InputError>(HasSubstr("checksum")));
  bytes = changed([](ArchiveEntry& entry) { entry.checksum = false; });
  bytes[bytes.find("hello")] = 'j';
  EXPECT_EQ(content(open(bytes), "a/b.txt"), "jello");  // not computed by the writer
}

TEST(ZipReader, RefusesWhatIsNotStored) {
  expect_refused(changed([](ArchiveEntry& entry) { entry.method = 8; }), "only stored entries");
  // A bomb: 2^31 bytes from five.
  expect_refused(changed([](ArchiveEntry& entry) {
                   entry.method = 8, entry.announced = INT32_MAX, entry.compressed = 5;
                 }),
                 "2147483647 bytes from 5");
  expect_refused(changed([](ArchiveEntry& entry) { entry.announced = 6, entry.compressed = 5; }),
                 "only stored entries");
  expect_refused(changed([](ArchiveEntry& entry) { entry.flags = 1; }), "encrypted");
}

TEST(ZipReader, RefusesOverlapsAndSizesBeyondTheFile) {
  expect_refused(changed([](ArchiveEntry& entry) { entry.announced = 10; }), "overlap");
  expect_refused(changed([](ArchiveEntry& entry) { entry.announced = INT32_MAX; }), "reach beyond");
  expect_refused(changed([](ArchiveEntry& entry) { entry.local = INT32_MAX; }), "reach beyond");
  expect_refused(changed([](ArchiveEntry& entry) { entry.local = 3; }), "no header at byte 3");
  // One content under two names, as in bombs without nesting.
  auto entries = two();
  entries[1].local = 0;
  expect_refused(archive(entries), "another name in its own header");
}

TEST(ZipReader, RefusesNamesThatStandTwiceOrDiffer) {
  expect_refused(archive({{"a", "1"}, {"a", "2"}}), "stands twice");
  expect_refused(changed([](ArchiveEntry& entry) { entry.local_name = "a/x.txt"; }), "another name");
}

TEST(ZipReader, RefusesPathTricks) {
  for (const std::string name : {"../a", "a/../b", "a/..", "/etc/passwd", "a//b", "./a", "a/./b", "C:\\a",
                                 "a\\b", "c:a", "..", "a\nb", "a\x7f"}) {
    expect_refused(changed([&](ArchiveEntry& entry) { entry.name = name; }), "entry name");
  }
  expect_refused(changed([](ArchiveEntry& entry) { entry.name = std::string("a\0b", 3); }), "entry name");
  expect_refused(changed([](ArchiveEntry& entry) { entry.name.clear(); }), "entry name");
  EXPECT_NO_THROW(open(archive({{"a..b/.c", ""}, {"a/", ""}})));
}

TEST(ZipReader, RefusesFalseCounts) {
  const std::string bytes = archive(two());
  const auto with_end = [&](uint16_t count, uint32_t size_change, uint32_t offset_change) {
    uint32_t size = 0, offset = 0;
    std::memcpy(&size, bytes.data() + bytes.size() - 10, 4);
    std::memcpy(&offset, bytes.data() + bytes.size() - 6, 4);
    return bytes.substr(0, bytes.size() - 22) +
           test::end_record(count, size + size_change, offset + offset_change);
  };
  EXPECT_NO_THROW(open(with_end(2, 0, 0)));
  expect_refused(with_end(1, 0, 0), "its entries take");
  expect_refused(with_end(3, 0, 0), "3 entries");
  expect_refused(with_end(0xfffe, 0, 0), "65534 entries");
  expect_refused(with_end(2, 1, 0), "overlaps its end record");
  expect_refused(with_end(2, 0, 1), "overlaps its end record");
  expect_refused(with_end(2, 0x7fffffff, 0), "reach beyond");
  expect_refused(with_end(2, 0, -1U), "no entry at byte 0");
  expect_refused(bytes.substr(0, bytes.size() - 1), "no end of a zip archive");
  expect_refused("", "no end of a zip archive");
}

/// Every cut, every flipped bit: read or refused, nothing else.
TEST(ZipReader, DamagedOnesAreReadOrRefused) {
  const std::string bytes = changed([](ArchiveEntry& entry) { entry.zip64 = true; });
  for (size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_THROW(open(bytes.substr(0, i)), InputError);
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = bytes;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      try {
        const ZipReader zip = open(flipped);
        for (const auto& [name, entry] : zip.entries()) zip.read(name);
      } catch (const InputError&) {
      }
    }
  }
}

}  // namespace
}  // namespace y6q::formats
