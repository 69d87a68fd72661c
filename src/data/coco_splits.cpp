#include "data/coco_splits.h"

#include <array>
#include <optional>
#include <string_view>

namespace y6q::data {
namespace {

struct SplitWord {
  std::string_view word, split;
};
constexpr std::array<SplitWord, 6> kWords{{{"train", "train"},
                                           {"training", "train"},
                                           {"val", "val"},
                                           {"valid", "val"},
                                           {"validation", "val"},
                                           {"test", "test"}}};

/// Where a name tells a split.
struct Told {
  size_t at = 0, length = 0;
  std::string_view split;
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// By one of its runs of letters.
std::optional<Told> told_by_a_word(std::string_view name) {
  std::optional<Told> told;
  for (size_t at = 0, end = 0; at < name.size(); at = end + 1) {
    for (end = at; end < name.size() && is_letter(name[end]);) ++end;
    for (const auto& [word, split] : kWords) {
      if (name.substr(at, end - at) != word) continue;
      if (told && told->split != split) return std::nullopt;
      told = Told{at, end - at, split};
    }
  }
  return told;
}

/// By the letters that it is made of, but for digits at its end.
std::optional<Told> told_by_all(std::string_view name) {
  const auto told = told_by_a_word(name);
  const bool is_all =
      told && told->at == 0 && name.find_first_not_of("0123456789", told->length) == name.npos;
  return is_all ? told : std::nullopt;
}

/// A path parted at the name that tells its split.
struct Parted {
  fs::path before;
  std::string name;
  fs::path after;
  Told told;
};

std::optional<Parted> part(const fs::path& json) {
  const std::string file = json.filename().string();
  if (const auto told = told_by_a_word(file)) return Parted{json.parent_path(), file, {}, *told};
  fs::path folder = json.parent_path();
  if (folder.filename() == "annotations") folder = folder.parent_path();
  const std::string name = folder.filename().string();
  const auto told = told_by_all(name);
  if (!told) return std::nullopt;
  return Parted{folder.parent_path(), name, json.lexically_relative(folder), *told};
}

}  // namespace

std::string split_of_coco_json(const fs::path& json) {
  const auto parted = part(json);
  return parted ? std::string(parted->told.split) : "";
}

fs::path coco_json_of_split(const fs::path& json, const std::string& split) {
  const auto parted = part(json);
  if (!parted) return {};
  if (parted->told.split == split) return json;
  for (const auto& [word, of_split] : kWords) {
    if (of_split != split) continue;
    std::string name = parted->name;
    name.replace(parted->told.at, parted->told.length, word);
    fs::path sibling = parted->before / name;
    if (!parted->after.empty()) sibling /= parted->after;
    if (fs::exists(sibling)) return sibling;
  }
  return {};
}

}  // namespace y6q::data
