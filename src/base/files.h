#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace y6q {

namespace fs = std::filesystem;

/// Throws for a file or folder that cannot be read: EnvironmentError where the machine denies or lacks
/// something (permission, open files, memory, the disk), else InputError. Both name the path and the reason.
[[noreturn]] void throw_unreadable(const fs::path& path, std::error_code reason);

/// The whole file. Throws as throw_unreadable, and InputError when it is no regular file or longer than
/// max_bytes (checked before memory is allocated). Behind the end lie kSpareBytes of capacity for parsers
/// that look there, so that none has to copy the text.
inline constexpr size_t kSpareBytes = 64;
std::string read_file(const fs::path& path, uint64_t max_bytes = uint64_t{1} << 32);

/// Makes a folder with its parents; one that exists stays as it is. Throws EnvironmentError naming it.
void make_folder(const fs::path& folder);
/// The folder a file stands in: "." for a bare name.
fs::path folder_of(const fs::path& file);

/// A file that appears under its name complete or not at all: written beside it as `.<name>.tmp-<pid>`,
/// synced and renamed by commit(); removed by the destructor when commit() was not reached, and by the next
/// one of that name when its process was killed. Missing parent folders are made. Throws EnvironmentError
/// (permission, disk full).
class AtomicFile {
 public:
  explicit AtomicFile(fs::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  std::ostream& stream() { return stream_; }
  /// Where to write when a library wants a path instead of a stream.
  const fs::path& temporary_path() const { return temporary_; }
  void commit();

 private:
  fs::path path_, temporary_;
  std::ofstream stream_;
  bool committed_ = false;
};

/// Throws UsageError when a file that is to be written is one of those that are read: the same path, or
/// another name of the same file.
void check_not_an_input(const fs::path& out, std::initializer_list<fs::path> inputs);

/// write through AtomicFile in one call.
void write_file(const fs::path& path, std::string_view bytes);

/// A file mapped for reading; unmapped by the destructor. Throws as throw_unreadable, and InputError when it
/// is no regular file.
class MappedFile {
 public:
  explicit MappedFile(const fs::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  /// Gives the memory behind a part of bytes() back; it is read again when needed. Without it a file that is
  /// copied from end to end stays in memory beside its copy. Parts of other memory are left alone.
  void release(std::span<const std::byte> part) const;

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

/// SHA-256 as 64 lowercase hex digits.
std::string sha256_hex(std::span<const std::byte> bytes);
std::string sha256_hex(std::string_view text);
struct FileDigest {
  uint64_t bytes = 0;
  std::string sha256;
};
/// Reads the file by the megabyte. Throws as read_file.
FileDigest digest_of_file(const fs::path& path);
std::string sha256_of_file(const fs::path& path);

}  // namespace y6q
