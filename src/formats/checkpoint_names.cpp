#include "formats/checkpoint_names.h"

#include <algorithm>
#include <vector>

namespace y6q::formats {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// "cv1", "downsample2": the word, then digits.
bool is_numbered(std::string_view part, std::string_view word) {
  return part.starts_with(word) && is_number(part.substr(word.size()));
}

/// Units of spec/01 §2.1 that hold one convolution and are no Rep block, by the place they have in networks.
bool is_unit(std::string_view part, std::string_view parent) {
  if (is_numbered(part, "cv") || is_numbered(part, "reduce_layer") || is_numbered(part, "downsample") ||
      part == "downsample") {
    return true;
  }
  return is_number(part) && (parent == "stems" || parent == "cls_convs" || parent == "reg_convs");
}

std::vector<std::string_view> split(std::string_view name) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    parts.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

std::string nested_name(std::string_view name) {
  const auto parts = split(name);
  const auto part = [&](size_t i) { return i < parts.size() ? parts[i] : std::string_view(); };
  std::string result;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) result += '.';
    const bool in_sppf = i == 3 && part(0) == "backbone" && part(1) == "ERBlock_5" && part(2) == "2";
    if (in_sppf && (is_numbered(parts[i], "cv") || parts[i] == "m")) result += "sppf.";
    const bool in_unit = i > 0 && is_unit(parts[i - 1], i > 1 ? parts[i - 2] : std::string_view());
    if (in_unit && (parts[i] == "conv" || parts[i] == "bn")) result += "block.";
    result += parts[i];
  }
  return result;
}

EntryKind entry_kind(std::string_view name) {
  if (name.ends_with(".num_batches_tracked")) return EntryKind::batch_count;
  if (name == "detect.proj" || name == "detect.proj_conv.weight") return EntryKind::projection;
  return name.ends_with("._amax") ? EntryKind::range : EntryKind::weight;
}

}  // namespace y6q::formats
