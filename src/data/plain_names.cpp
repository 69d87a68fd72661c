#include "data/plain_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"

namespace y6q::data {
namespace {

fs::path common_folder(const std::vector<fs::path>& files) {
  fs::path common = files.empty() ? fs::path() : files.front().parent_path();
  for (const fs::path& file : files) {
    const fs::path folder = file.parent_path();
    const auto parted = std::ranges::mismatch(common, folder).in1;
    fs::path both;
    for (auto part = common.begin(); part != parted; ++part) both /= *part;
    common = std::move(both);
  }
  return common;
}

std::string plain(std::string name) {
  constexpr size_t kLongest = 200;  // file systems take 255; a number may follow, and AtomicFile adds its own
  constexpr std::string_view kTrouble = "/\\\"'`<>&|:*?";
  if (name.size() > kLongest) name.erase(0, name.size() - kLongest);
  const bool is_text = is_utf8(name);
  for (char& c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_ascii = byte > ' ' && byte < 127 && kTrouble.find(c) == kTrouble.npos;
    if (!is_ascii && !(is_text && byte > 127)) c = '_';
  }
  return name;
}

}  // namespace

std::vector<std::string> PlainNames::of(const std::vector<fs::path>& files) {
  const fs::path common = common_folder(files);
  std::vector<std::string> names;
  for (const fs::path& file : files) {
    const fs::path name = plain(file.lexically_relative(common).generic_string());
    const std::string stem = name.stem().string();
    std::string free = stem;
    for (int64_t number = 2; !taken_.insert(free).second; ++number) free = fmt::format("{}-{}", stem, number);
    names.push_back(free + lower_case(name.extension().string()));
  }
  return names;
}

}  // namespace y6q::data
