#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace y6q::formats {

/// The stored entries of a zip archive in memory (APPNOTE.TXT 6.3, with zip64 fields), as PyTorch writes
/// them. Only the index is read; contents stay where they are. A reader of our own: libraries inflate, trust
/// local headers or hand out streams, while stored entries with strict bounds are all that is needed.
///
/// Throws InputError naming `place` and the entry for: compressed or encrypted entries, entries that overlap
/// or reach beyond the archive, names that stand twice or leave the archive's folder, archives in parts.
class ZipReader {
 public:
  /// `archive` must outlive the reader.
  ZipReader(std::span<const std::byte> archive, std::string place);

  struct Entry {
    std::span<const std::byte> bytes{};
    uint32_t crc = 0;  ///< 0: not computed by the writer
  };
  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }

  /// The content after comparing its checksum. Throws InputError when the entry is absent or damaged.
  std::span<const std::byte> read(std::string_view name) const;

 private:
  std::string place_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace y6q::formats
