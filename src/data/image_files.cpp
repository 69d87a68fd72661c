#include "data/image_files.h"

#include <algorithm>
#include <unordered_set>

#include "base/errors.h"
#include "image/decode.h"

namespace y6q::data {
namespace {

constexpr uint64_t kMaxListBytes = uint64_t{1} << 30;
constexpr int64_t kMostLines = 5'000'000;
constexpr size_t kLongestPath = 4096;  // Linux takes no longer one

/// Nothing is there. What may not be looked at is, and whoever reads it says why it cannot.
bool is_absent(const fs::path& path) {
  std::error_code ignored;
  return fs::status(path, ignored).type() == fs::file_type::not_found;
}

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view kSpaces = " \t\r";
  const size_t first = line.find_first_not_of(kSpaces);
  if (first == line.npos) return {};
  return line.substr(first, line.find_last_not_of(kSpaces) - first + 1);
}

DraftSample listed(std::string_view line, const fs::path& list, const fs::path& root) {
  DraftSample sample;
  if (line.size() > kLongestPath || line.find('\0') != line.npos) {
    sample.problems.push_back(
        fmt::format("is no path of an image ({} bytes, {} accepted, no NUL)", line.size(), kLongestPath));
    return sample;
  }
  sample.image = (folder_of(list) / line).lexically_normal();
  if (!is_absent(sample.image)) return sample;
  const fs::path other = (root / line).lexically_normal();
  if (!is_absent(other)) {
    sample.image = other;
    return sample;
  }
  sample.problems.push_back(fmt::format("{} does not exist{}", sample.image.string(),
                                        other == sample.image ? "" : ", nor does " + other.string()));
  sample.image.clear();
  return sample;
}

}  // namespace

std::vector<fs::path> images_below(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw InputError("data: image folder {} does not exist", folder.string());
  std::vector<fs::path> images;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; entry != end; entry.increment(error)) {
    if (error) break;
    if (image::has_image_extension(entry->path()) && entry->is_regular_file())
      images.push_back(entry->path());
  }
  if (error) throw_unreadable(folder, error);
  std::ranges::sort(images);
  return images;
}

std::vector<DraftSample> parse_image_list(std::string_view text, const fs::path& list, const fs::path& root) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (const auto lines = std::ranges::count(text, '\n'); lines > kMostLines) {
    throw InputError("data: {}: {} lines; at most {} are accepted, use several lists", list.string(), lines,
                     kMostLines);
  }
  std::vector<DraftSample> samples;
  int64_t number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty()) continue;
    DraftSample& sample = samples.emplace_back(listed(line, list, root));
    for (std::string& problem : sample.problems) {
      problem.insert(0, fmt::format("{}, line {}: ", list.string(), number));
    }
  }
  return samples;
}

ImageFiles find_image_files(const std::vector<fs::path>& sources, const fs::path& root) {
  ImageFiles files;
  for (const fs::path& source : sources) {
    const bool is_list = source.extension() == ".txt" && !fs::is_directory(source);
    (is_list ? files.lists : files.folders).push_back(source);
  }
  for (const fs::path& folder : files.folders) {
    if (fs::exists(folder) && !fs::is_directory(folder)) {
      throw InputError(
          "data: {}: a folder of images, or a .txt with the path of an image a line, is expected",
          folder.string());
    }
    for (fs::path& image : images_below(folder)) files.samples.emplace_back().image = std::move(image);
  }
  if (files.lists.empty()) return files;
  std::unordered_set<std::string> seen;
  for (const DraftSample& sample : files.samples) seen.insert(sample.image.string());
  for (const fs::path& list : files.lists) {
    for (DraftSample& sample : parse_image_list(read_file(list, kMaxListBytes), list, root)) {
      const bool is_new = sample.image.empty() || seen.insert(sample.image.string()).second;
      if (is_new) files.samples.push_back(std::move(sample));
      if (!is_new) ++files.repeated;
    }
  }
  return files;
}

}  // namespace y6q::data
