#include "stages/detect_sources.h"

#include <glob.h>

#include <algorithm>
#include <memory>

#include "base/errors.h"
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

DetectSource file_source(const fs::path& path, const fs::path& relative) {
  return {.path = path, .relative = contained(relative), .is_video = image::has_video_extension(path)};
}

/// `below`: the folder's place in the output.
void add_folder(const fs::path& folder, const fs::path& below, std::vector<DetectSource>& found) {
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::recursive_directory_iterator(folder, fs::directory_options::follow_directory_symlink)) {
    const bool is_video = image::video_available() && image::has_video_extension(entry.path());
    if ((is_video || image::has_image_extension(entry.path())) && entry.is_regular_file()) {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  for (const fs::path& file : files)
    found.push_back(file_source(file, below / file.lexically_relative(folder)));
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

void add_word(const std::string& word, std::vector<DetectSource>& found) {
  const fs::path path(word);
  if (fs::is_directory(path)) return add_folder(path, {}, found);
  if (fs::exists(path)) {
    found.push_back(file_source(path, path.filename()));
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
      found.push_back(file_source(match, relative));
    }
  }
}

}  // namespace

std::vector<DetectSource> find_sources(const std::vector<std::string>& words) {
  std::vector<DetectSource> found;
  for (const std::string& word : words) {
    if (word == "-") {
      found.push_back({.path = word, .relative = {}, .is_list = true});
    } else {
      add_word(word, found);
    }
  }
  if (found.empty()) throw_no_image();
  return found;
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
