#include "stages/detect_sources.h"

#include <glob.h>

#include <algorithm>
#include <map>
#include <memory>

#include "base/errors.h"
#include "base/utf8.h"
#include "image/decode.h"
#include "image/video.h"

namespace y6q::stages {
namespace {

/// Without "..", root and ".": stays below any folder it is joined to.
fs::path contained(const fs::path& path) {
  fs::path safe;
  for (const fs::path& part : path.lexically_normal().relative_path()) {
    if (part != ".." && part != "." && !part.empty()) safe /= part;
  }
  return safe;
}

/// What has been found so far.
struct FoundSources {
  std::vector<DetectSource> sources;
  Monitor& monitor;
};

DetectSource file_source(const fs::path& path, const fs::path& relative) {
  return {.path = path, .relative = contained(relative), .is_video = image::has_video_extension(path)};
}

/// A link to one of the folders that lead to it would be followed for ever, one to itself cannot be.
bool may_enter(const fs::recursive_directory_iterator& entry) {
  std::error_code ignored;
  if (!entry->is_symlink(ignored)) return true;
  if (!entry->is_directory(ignored)) return false;
  fs::path above = entry->path().parent_path();
  for (int depth = entry.depth(); depth >= 0; --depth, above = above.parent_path()) {
    if (fs::equivalent(above, entry->path(), ignored)) return false;
  }
  return true;
}

/// ".heic", in lower case.
std::string type_of(const fs::path& file) {
  return file.has_extension() ? lower_case(file.extension().string()) : "without extension";
}

/// "photos: 3 files of other types are left out: 2 .heic, 1 .gif", the most frequent first.
void say_left_out(const fs::path& folder, const std::map<std::string, int64_t>& types, Monitor& monitor) {
  constexpr size_t kShown = 8;
  std::vector<std::pair<int64_t, std::string>> counts;
  int64_t files = 0;
  for (const auto& [type, count] : types) {
    counts.emplace_back(-count, type);
    files += count;
  }
  if (files == 0) return;
  std::ranges::sort(counts);
  std::string text;
  for (size_t i = 0; i < std::min(kShown, counts.size()); ++i) {
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", -counts[i].first, counts[i].second);
  }
  monitor.message(fmt::format("detect: {}: {} files of other types are left out: {}{}", folder.string(),
                              files, text, counts.size() > kShown ? ", …" : ""));
}

/// `below`: the folder's place in the output.
void add_folder(const fs::path& folder, const fs::path& below, FoundSources& found) {
  std::vector<fs::path> files;
  std::map<std::string, int64_t> others;
  std::error_code ignored;
  for (fs::recursive_directory_iterator entry(folder, fs::directory_options::follow_directory_symlink), end;
       entry != end; ++entry) {
    if (!may_enter(entry)) entry.disable_recursion_pending();
    if (!entry->is_regular_file(ignored)) continue;
    const bool is_video = image::video_available() && image::has_video_extension(entry->path());
    if (is_video || image::has_image_extension(entry->path())) {
      files.push_back(entry->path());
    } else {
      ++others[type_of(entry->path())];
    }
  }
  std::ranges::sort(files);
  for (const fs::path& file : files)
    found.sources.push_back(file_source(file, below / file.lexically_relative(folder)));
  say_left_out(folder, others, found.monitor);
}

std::vector<fs::path> expand(const std::string& pattern) {
  glob_t matches{};
  const std::unique_ptr<glob_t, void (*)(glob_t*)> owner(&matches, &globfree);
  if (::glob(pattern.c_str(), 0, nullptr, &matches) != 0) return {};
  return {matches.gl_pathv, matches.gl_pathv + matches.gl_pathc};
}

/// The folders before the first part of a pattern that is no plain name.
fs::path plain_prefix(const fs::path& pattern) {
  fs::path prefix;
  for (const fs::path& part : pattern) {
    if (part.string().find_first_of("*?[") != std::string::npos) break;
    prefix /= part;
  }
  return prefix;
}

void add_word(const std::string& word, FoundSources& found) {
  const fs::path path(word);
  if (fs::is_directory(path)) return add_folder(path, {}, found);
  if (fs::exists(path)) {
    found.sources.push_back(file_source(path, path.filename()));
    return;
  }
  if (word.find_first_of("*?[") == std::string::npos) {
    throw InputError("detect: {} does not exist; a file, a folder, a glob or - is expected", word);
  }
  const auto matches = expand(word);
  if (matches.empty()) throw InputError("detect: {} matches no file", word);
  const fs::path prefix = plain_prefix(path);
  for (const fs::path& match : matches) {
    const fs::path relative = prefix.empty() ? match : match.lexically_relative(prefix);
    if (fs::is_directory(match)) {
      add_folder(match, relative, found);
    } else {
      found.sources.push_back(file_source(match, relative));
    }
  }
}

}  // namespace

std::vector<DetectSource> find_sources(const std::vector<std::string>& words, Monitor& monitor) {
  FoundSources found{{}, monitor};
  for (const std::string& word : words) {
    if (word == "-") {
      found.sources.push_back({.path = word, .relative = {}, .is_list = true});
    } else {
      add_word(word, found);
    }
  }
  if (found.sources.empty()) throw_no_image();
  return std::move(found.sources);
}

std::optional<DetectSource> next_listed(std::istream& list) {
  for (std::string line; std::getline(list, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) continue;
    DetectSource source = file_source(line, line);
    source.is_listed = true;
    return source;
  }
  return std::nullopt;
}

void throw_no_image() {
  throw InputError("detect: no image was found; accepted are .bmp, .jpg, .jpeg, .png, .tif, .tiff, .webp{}",
                   image::video_available() ? " and videos" : "");
}

}  // namespace y6q::stages
