#include "base/files.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/errors.h"

namespace y6q {
namespace {

std::string reason() { return std::strerror(errno); }
std::error_code last_error() { return {errno, std::generic_category()}; }

/// Makes the renaming itself durable: the folder's entry is data of the folder.
void sync_path(const fs::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags);
  if (fd < 0) throw EnvironmentError("{}: cannot be opened for syncing: {}", path.string(), reason());
  const int result = ::fsync(fd);
  ::close(fd);
  if (result != 0) throw EnvironmentError("{}: cannot be synced to disk: {}", path.string(), reason());
}

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }
  void add(const void* data, size_t size) { EVP_DigestUpdate(context_.get(), data, size); }
  std::string hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    EVP_DigestFinal_ex(context_.get(), digest, &length);
    std::string text;
    for (unsigned int i = 0; i < length; ++i) fmt::format_to(std::back_inserter(text), "{:02x}", digest[i]);
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

/// A regular file, open for reading.
class OpenFile {
 public:
  explicit OpenFile(const fs::path& path)
      // Without waiting, so that a pipe is refused like everything that is no file. Files do not care.
      : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    struct stat info {};
    if (descriptor_ < 0 || ::fstat(descriptor_, &info) != 0) fail();
    if (S_ISREG(info.st_mode)) {
      size_ = static_cast<uint64_t>(info.st_size);
      return;
    }
    close();
    throw InputError("{}: is {}, a file is expected", path.string(),
                     S_ISDIR(info.st_mode) ? "a folder" : "no regular file");
  }
  ~OpenFile() { close(); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int descriptor() const { return descriptor_; }
  uint64_t size() const { return size_; }
  /// After a call that set errno.
  [[noreturn]] void fail() {
    const std::error_code error = last_error();
    close();
    throw_unreadable(path_, error);
  }
  /// Fills `part` with the next bytes; `done` have been read before.
  void read(std::span<char> part, uint64_t done = 0) {
    while (!part.empty()) {
      const ssize_t count = ::read(descriptor_, part.data(), part.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail();
      if (count == 0) {
        throw InputError("{}: ends after {} of {} bytes; is it being written?", path_.string(), done, size_);
      }
      done += static_cast<uint64_t>(count);
      part = part.subspan(static_cast<size_t>(count));
    }
  }

 private:
  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

  const fs::path& path_;
  int descriptor_;
  uint64_t size_ = 0;
};

}  // namespace

void throw_unreadable(const fs::path& path, std::error_code error) {
  static constexpr std::array kOfTheMachine{EACCES, EMFILE, ENFILE, ENOMEM, EIO};
  const std::string text = fmt::format("{}: cannot be read: {}", path.string(), error.message());
  if (std::ranges::find(kOfTheMachine, error.value()) != kOfTheMachine.end()) throw EnvironmentError(text);
  throw InputError(text);
}

std::string read_file(const fs::path& path, uint64_t max_bytes) {
  OpenFile file(path);
  if (file.size() > max_bytes) {
    throw InputError("{}: has {} bytes, at most {} are accepted", path.string(), file.size(), max_bytes);
  }
  std::string bytes;
  bytes.reserve(file.size() + kSpareBytes);
  bytes.resize(file.size());
  file.read(bytes);
  return bytes;
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw EnvironmentError("{}: folder cannot be made: {}", folder.string(), error.message());
}

namespace {

/// What killed processes left of files they were writing: `.<name>.tmp-<pid>`.
class Leftovers {
 public:
  /// Those that begin with `prefix`, unless their process is alive.
  void remove(const fs::path& folder, const std::string& prefix) {
    const std::lock_guard lock(mutex_);
    for (const std::string& name : found_in(folder)) {
      if (name.starts_with(prefix) && is_orphan(std::string_view(name).substr(prefix.size()))) {
        std::error_code ignored;
        fs::remove(folder / name, ignored);
      }
    }
  }

 private:
  /// Listed once a folder: a process that writes n files into it must not look at n files n times.
  const std::vector<std::string>& found_in(const fs::path& folder) {
    const auto [entry, is_new] = found_.try_emplace(fs::absolute(folder));
    if (!is_new) return entry->second;
    std::error_code error;
    for (fs::directory_iterator file(folder, error), end; !error && file != end; file.increment(error)) {
      const std::string name = file->path().filename().string();
      if (name.starts_with('.') && name.find(".tmp-") != name.npos) entry->second.push_back(name);
    }
    return entry->second;
  }

  static bool is_orphan(std::string_view digits) {
    pid_t process = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, process);
    return error == std::errc() && stopped == end && process > 0 && ::kill(process, 0) != 0 && errno == ESRCH;
  }

  std::mutex mutex_;
  std::map<fs::path, std::vector<std::string>> found_;
};

}  // namespace

fs::path folder_of(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : "."; }

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  const fs::path folder = folder_of(path_);
  make_folder(folder);
  static Leftovers leftovers;
  const std::string prefix = fmt::format(".{}.tmp-", path_.filename().string());
  leftovers.remove(folder, prefix);
  temporary_ = folder / fmt::format("{}{}", prefix, ::getpid());
  stream_.open(temporary_, std::ios::binary | std::ios::trunc);
  if (!stream_) throw EnvironmentError("{}: cannot be written: {}", temporary_.string(), reason());
}

AtomicFile::~AtomicFile() {
  if (committed_) return;
  stream_.close();
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

void AtomicFile::commit() {
  stream_.close();
  if (!stream_) throw EnvironmentError("{}: writing failed (disk full?): {}", path_.string(), reason());
  sync_path(temporary_, O_WRONLY);
  std::error_code error;
  fs::rename(temporary_, path_, error);
  if (error) throw EnvironmentError("{}: cannot be put in place: {}", path_.string(), error.message());
  committed_ = true;
  sync_path(folder_of(path_), O_RDONLY | O_DIRECTORY);
}

void check_not_an_input(const fs::path& out, std::initializer_list<fs::path> inputs) {
  for (const fs::path& input : inputs) {
    std::error_code missing;  // files that do not exist are no inputs
    if (!fs::equivalent(out, input, missing)) continue;
    throw UsageError("{}: is read by this command and would be overwritten; choose another --out",
                     out.string());
  }
}

void write_file(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.stream().write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.commit();
}

MappedFile::MappedFile(const fs::path& path) {
  OpenFile file(path);
  size_ = file.size();
  if (size_ == 0) return;
  void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (memory == MAP_FAILED) file.fail();
  data_ = static_cast<const std::byte*>(memory);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::release(std::span<const std::byte> part) const {
  const std::less<const std::byte*> before;
  if (part.empty() || before(part.data(), data_) || before(data_ + size_, part.data() + part.size())) return;
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const auto offset = static_cast<size_t>(part.data() - data_);
  const size_t begin = offset / page * page;  // the mapping starts at a page's start
  auto* address = const_cast<std::byte*>(data_ + begin);
  ::madvise(address, offset + part.size() - begin, MADV_DONTNEED);  // read-only: nothing can be lost
}

std::string sha256_hex(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.add(bytes.data(), bytes.size());
  return hash.hex();
}

std::string sha256_hex(std::string_view text) { return sha256_hex(std::as_bytes(std::span(text))); }

FileDigest digest_of_file(const fs::path& path) {
  constexpr uint64_t kPartBytes = 1 << 20;
  OpenFile file(path);
  Sha256 hash;
  std::string part(std::min(file.size(), kPartBytes), '\0');
  for (uint64_t done = 0; done < file.size(); done += part.size()) {
    part.resize(std::min(file.size() - done, kPartBytes));
    file.read(part, done);
    hash.add(part.data(), part.size());
  }
  return {file.size(), hash.hex()};
}

std::string sha256_of_file(const fs::path& path) { return digest_of_file(path).sha256; }

}  // namespace y6q
