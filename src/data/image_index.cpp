#include "data/image_index.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "base/errors.h"
#include "base/trim_folder.h"
#include "image/decode.h"

namespace y6q::data {
namespace {

constexpr uint64_t kMaxIndexBytes = uint64_t{1} << 30;  // of some 5 million images
constexpr size_t kDigestLength = 64;
constexpr std::string_view kSealBegin = "sha256 ";
constexpr int64_t kNanoseconds = 1'000'000'000;

std::string first_line() { return fmt::format("yolov6q images 1, {}\n", image::decoder_version()); }

std::string seal_of(std::string_view text) { return fmt::format("{}{}\n", kSealBegin, sha256_hex(text)); }

bool is_digest(std::string_view text) {
  return text.size() == kDigestLength && text.find_first_not_of("0123456789abcdef") == text.npos;
}

/// Takes the word before the next space off the front of a line.
std::string_view take_word(std::string_view& line) {
  const size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

template <typename T>
bool take_number(std::string_view& line, T& value) {
  const std::string_view word = take_word(line);
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && end == word.data() + word.size();
}

bool is_side(int64_t side) { return side >= image::kMinSide && side <= image::kMaxSide; }

/// What is left of `line` is the path.
bool take_image(std::string_view& line, FoundImage& image) {
  image.sha256 = take_word(line);
  FileStamp& stamp = image.stamp;
  return is_digest(image.sha256) && take_number(line, stamp.bytes) && take_number(line, stamp.modified_ns) &&
         take_number(line, stamp.changed_ns) && take_number(line, stamp.inode) &&
         take_number(line, image.height) && take_number(line, image.width) && is_side(image.height) &&
         is_side(image.width) && !line.empty();
}

int64_t nanoseconds(const timespec& time) { return int64_t{time.tv_sec} * kNanoseconds + time.tv_nsec; }

/// Whether a change from now on shows in the file's times. A file system's clock ticks every few
/// milliseconds, FAT's every two seconds: a file may be written again within the tick that it was read in.
bool is_settled(const FileStamp& stamp, double settled_s) {
  const int64_t now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  const int64_t latest = std::max(stamp.modified_ns, stamp.changed_ns);
  return latest < now - static_cast<int64_t>(settled_s * kNanoseconds);
}

FoundImages read_index(const fs::path& file) {
  if (file.empty() || !mark_used(file)) return {};
  try {
    return parse_image_index(read_file(file, kMaxIndexBytes));
  } catch (const Error&) {  // not for us to read
    return {};
  }
}

}  // namespace

std::optional<FileStamp> stamp_of(const fs::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return std::nullopt;
  return FileStamp{static_cast<uint64_t>(info.st_size), nanoseconds(info.st_mtim), nanoseconds(info.st_ctim),
                   info.st_ino};
}

std::string image_index_text(const FoundImages& images) {
  std::string text = first_line();
  for (const auto& [path, image] : images) {
    if (path.find('\n') != path.npos) continue;
    const FileStamp& stamp = image.stamp;
    fmt::format_to(std::back_inserter(text), "{} {} {} {} {} {} {} {}\n", image.sha256, stamp.bytes,
                   stamp.modified_ns, stamp.changed_ns, stamp.inode, image.height, image.width, path);
  }
  return text + seal_of(text);
}

FoundImages parse_image_index(std::string_view text) {
  const size_t seal_length = kSealBegin.size() + kDigestLength + 1;
  if (text.size() < seal_length) return {};
  std::string_view rest = text.substr(0, text.size() - seal_length);
  if (text.substr(rest.size()) != seal_of(rest)) return {};
  const std::string first = first_line();
  if (!rest.starts_with(first)) return {};
  rest.remove_prefix(first.size());
  FoundImages images;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    if (end == rest.npos) return {};
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    FoundImage image;
    if (!take_image(line, image)) return {};
    images.emplace_hint(images.end(), line, std::move(image));
  }
  return images;
}

fs::path image_index_file(const ImageIndexOptions& options, const std::vector<fs::path>& description_files,
                          const std::string& split) {
  if (options.folder.empty()) return {};
  std::string key = split;
  for (const fs::path& file : description_files) key += '\n' + fs::absolute(file).string();
  constexpr size_t kEnough = 32;
  return options.folder / sha256_hex(key).substr(0, kEnough);
}

ImageIndex::ImageIndex(fs::path file, const ImageIndexOptions& options)
    : file_(std::move(file)), options_(options), known_(read_index(file_)) {}

FoundImage ImageIndex::get(const fs::path& image, const std::function<FoundImage(const fs::path&)>& look) {
  if (file_.empty()) return look(image);
  // Before the file is read: a change that comes later differs from it.
  const std::optional<FileStamp> stamp = stamp_of(image);
  const auto known = known_.find(image.string());
  const bool is_known = stamp && known != known_.end() && known->second.stamp == *stamp;
  FoundImage found = is_known && !options_.verify ? known->second : look(image);
  if (!stamp || !(is_known || is_settled(*stamp, options_.settled_s))) return found;
  found.stamp = *stamp;
  const std::lock_guard lock(mutex_);
  now_.insert_or_assign(image.string(), found);
  return found;
}

void ImageIndex::keep_the_rest() { now_.insert(known_.begin(), known_.end()); }

void ImageIndex::save(Monitor& monitor) const {
  if (file_.empty() || now_ == known_) return;
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start_;
  if (known_.empty() && taken.count() < options_.worth_s) return;
  try {
    write_file(file_, image_index_text(now_));
    trim_folder(file_.parent_path(), options_.bytes, file_);
  } catch (const Error& error) {
    monitor.message(fmt::format("data: what was found in the images is not kept, they will be read again: {}",
                                error.what()));
  }
}

}  // namespace y6q::data
