#include "formats/zip_reader.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <vector>

#include "base/errors.h"

namespace y6q::formats {
namespace {

using Bytes = std::span<const std::byte>;

static_assert(std::endian::native == std::endian::little, "zip archives are little-endian");

constexpr uint32_t kLocalMagic = 0x04034b50, kCentralMagic = 0x02014b50, kEndMagic = 0x06054b50;
constexpr uint32_t kEnd64Magic = 0x06064b50, kLocator64Magic = 0x07064b50;
constexpr uint64_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56, kLocatorSize = 20;
constexpr uint64_t kMaxComment = 65535;
constexpr uint64_t kMaxEntries = 200'000;
constexpr uint16_t kZip64Field = 1, kEncryptedFlag = 1, kStored = 0;
constexpr uint32_t kIn64 = 0xffffffff;  // the value stands in the zip64 field

template <typename... Args>
[[noreturn]] void fail(const std::string& place, fmt::format_string<Args...> format, Args&&... args) {
  throw InputError("zip: {}: {}", place, fmt::format(format, std::forward<Args>(args)...));
}

/// Reads numbers at stated offsets; every access is compared with the end.
struct View {
  Bytes bytes;
  const std::string& place;

  Bytes part(uint64_t offset, uint64_t size) const {
    if (offset > bytes.size() || size > bytes.size() - offset) {
      fail(place, "{} bytes at {} reach beyond the {} bytes; the file is damaged or cut", size, offset,
           bytes.size());
    }
    return bytes.subspan(offset, size);
  }
  template <typename T>
  T at(uint64_t offset) const {
    T value;
    std::memcpy(&value, part(offset, sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::string_view text(uint64_t offset, uint64_t size) const {
    return {reinterpret_cast<const char*>(part(offset, size).data()), size};
  }
};

struct Directory {
  uint64_t offset = 0, size = 0, count = 0;
};

/// The end record stands before a comment whose length it states.
uint64_t find_end(const View& file) {
  const uint64_t size = file.bytes.size();
  for (uint64_t comment = 0; size >= kEndSize && comment <= std::min(kMaxComment, size - kEndSize);
       ++comment) {
    const uint64_t offset = size - kEndSize - comment;
    if (file.at<uint32_t>(offset) == kEndMagic && file.at<uint16_t>(offset + 20) == comment) return offset;
  }
  fail(file.place, "no end of a zip archive is found; the file is damaged, cut or of another kind");
}

Directory find_directory(const View& file) {
  const uint64_t end = find_end(file);
  uint64_t limit = end;
  Directory directory{file.at<uint32_t>(end + 16), file.at<uint32_t>(end + 12), file.at<uint16_t>(end + 10)};
  bool one_part = file.at<uint32_t>(end + 4) == 0 && file.at<uint16_t>(end + 8) == directory.count;
  if (end >= kLocatorSize && file.at<uint32_t>(end - kLocatorSize) == kLocator64Magic) {
    const auto end64 = file.at<uint64_t>(end - kLocatorSize + 8);
    if (file.at<uint32_t>(end64) != kEnd64Magic) fail(file.place, "no zip64 end record at byte {}", end64);
    file.part(end64, kEnd64Size);
    directory = {file.at<uint64_t>(end64 + 48), file.at<uint64_t>(end64 + 40), file.at<uint64_t>(end64 + 32)};
    one_part = file.at<uint64_t>(end64 + 16) == 0 && file.at<uint64_t>(end64 + 24) == directory.count;
    limit = end64;
  }
  if (!one_part) fail(file.place, "the archive is one part of several; only whole archives are accepted");
  file.part(directory.offset, directory.size);
  if (directory.offset + directory.size > limit) {
    fail(file.place, "the index at byte {} overlaps its end record", directory.offset);
  }
  if (directory.count > kMaxEntries || directory.count > directory.size / kCentralSize) {
    fail(file.place, "{} entries in an index of {} bytes; at most {} are accepted", directory.count,
         directory.size, kMaxEntries);
  }
  return directory;
}

/// Relative, without "..", printable: nothing that could name another place.
void check_name(const std::string& place, std::string_view name) {
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; });
  bool accepted = !name.empty() && printable && name.find_first_of("\\:") == std::string_view::npos;
  for (size_t begin = 0; accepted && begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    const bool folder_mark = part.empty() && begin == name.size() && begin > 0;
    accepted = folder_mark || (!part.empty() && part != "." && part != "..");
    begin = end + 1;
  }
  if (!accepted) {
    fail(place, "entry name {:?}: accepted are printable relative paths inside the archive",
         name.substr(0, 100));
  }
}

struct Central {
  std::string_view name;
  uint64_t size = 0, compressed = 0, local = 0;  // local: where the entry's own header stands
  uint32_t crc = 0;
  uint64_t record_size = 0;  // of this record of the index
};

/// Takes the 64-bit values, in their fixed order, for those that are marked as standing there.
void read_zip64_field(const View& extra, Central& entry) {
  for (uint64_t at = 0; at + 4 <= extra.bytes.size();) {
    const auto id = extra.at<uint16_t>(at);
    const uint64_t size = extra.at<uint16_t>(at + 2);
    const View field{extra.part(at + 4, size), extra.place};
    at += 4 + size;
    if (id != kZip64Field) continue;
    uint64_t next = 0;
    for (uint64_t* value : {&entry.size, &entry.compressed, &entry.local}) {
      if (*value != kIn64) continue;
      *value = field.at<uint64_t>(next);
      next += sizeof(uint64_t);
    }
    return;
  }
}

Central read_central(const View& index, uint64_t at) {
  if (index.at<uint32_t>(at) != kCentralMagic) fail(index.place, "no entry at byte {} of the index", at);
  const uint64_t name_size = index.at<uint16_t>(at + 28), extra_size = index.at<uint16_t>(at + 30);
  Central entry{index.text(at + kCentralSize, name_size),
                index.at<uint32_t>(at + 24),
                index.at<uint32_t>(at + 20),
                index.at<uint32_t>(at + 42),
                index.at<uint32_t>(at + 16),
                kCentralSize + name_size + extra_size + index.at<uint16_t>(at + 32)};
  check_name(index.place, entry.name);
  read_zip64_field({index.part(at + kCentralSize + name_size, extra_size), index.place}, entry);
  if (index.at<uint16_t>(at + 8) & kEncryptedFlag) fail(index.place, "entry '{}' is encrypted", entry.name);
  if (index.at<uint16_t>(at + 10) != kStored || entry.size != entry.compressed) {
    fail(index.place,
         "entry '{}' is compressed ({} bytes from {}); only stored entries are accepted: unpack the archive "
         "and pack it again with 'zip -0'",
         entry.name, entry.size, entry.compressed);
  }
  return entry;
}

struct Extent {
  uint64_t begin, end;
  std::string_view name;
};

/// From the entry's own header to the end of its content, which stands before the index.
Extent locate(const View& body, const Central& entry) {
  if (body.at<uint32_t>(entry.local) != kLocalMagic) {
    fail(body.place, "entry '{}': no header at byte {}", entry.name, entry.local);
  }
  const uint64_t name_size = body.at<uint16_t>(entry.local + 26);
  const uint64_t extra_size = body.at<uint16_t>(entry.local + 28);
  if (body.text(entry.local + kLocalSize, name_size) != entry.name) {
    fail(body.place, "entry '{}' has another name in its own header", entry.name);
  }
  const uint64_t data = entry.local + kLocalSize + name_size + extra_size;
  body.part(data, entry.size);
  return {entry.local, data + entry.size, entry.name};
}

void check_overlaps(const std::string& place, std::vector<Extent> extents) {
  std::sort(extents.begin(), extents.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  for (size_t i = 1; i < extents.size(); ++i) {
    if (extents[i].begin < extents[i - 1].end) {
      fail(place, "entries '{}' and '{}' overlap", extents[i - 1].name, extents[i].name);
    }
  }
}

}  // namespace

ZipReader::ZipReader(Bytes archive, std::string place) : place_(std::move(place)) {
  const View file{archive, place_};
  const Directory directory = find_directory(file);
  const View index{file.part(directory.offset, directory.size), place_};
  const View body{file.part(0, directory.offset), place_};
  std::vector<Extent> extents;
  uint64_t at = 0;
  for (uint64_t i = 0; i < directory.count; ++i) {
    const Central entry = read_central(index, at);
    at += entry.record_size;
    extents.push_back(locate(body, entry));
    const Bytes content = body.part(extents.back().end - entry.size, entry.size);
    if (!entries_.emplace(std::string(entry.name), Entry{content, entry.crc}).second) {
      fail(place_, "entry '{}' stands twice", entry.name);
    }
  }
  if (at != directory.size)
    fail(place_, "the index is {} bytes long, its entries take {}", directory.size, at);
  check_overlaps(place_, std::move(extents));
}

Bytes ZipReader::read(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) fail(place_, "no entry '{}' among {}", name, entries_.size());
  const auto& [bytes, crc] = found->second;
  const auto* data = reinterpret_cast<const Bytef*>(bytes.data());
  if (crc != 0 && crc32_z(0, data, bytes.size()) != crc) {
    fail(place_, "entry '{}' does not agree with its checksum; the file is damaged", name);
  }
  return bytes;
}

}  // namespace y6q::formats
