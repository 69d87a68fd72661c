#include "data/yaml_reader.h"

#include <map>

namespace y6q::data {
namespace {

std::string found(const YAML::Node& node) {
  if (node.IsScalar()) return "'" + node.Scalar() + "'";
  return node.IsMap() ? "a map" : node.IsSequence() ? "a list" : "empty";
}

/// From 1.
int line_of(const YAML::Mark& mark) { return std::max(0, mark.line) + 1; }

}  // namespace

YamlEntry YamlReader::load(const std::string& text) const {
  try {
    const YAML::Node root = YAML::Load(text);
    return {"the document", line_of(root.Mark()), root};
  } catch (const YAML::Exception& error) {
    refuse_line(line_of(error.mark), "is no YAML: " + error.msg);
  }
}

std::vector<YamlEntry> YamlReader::entries(const YamlEntry& map, const std::string& accepted) const {
  if (!map.value.IsMap()) refuse(map, "a map of " + accepted);
  std::vector<YamlEntry> entries;
  std::map<std::string, int> lines;
  for (const auto& entry : map.value) {
    const int line = line_of(entry.first.Mark());
    if (!entry.first.IsScalar()) {
      refuse_line(line, fmt::format("a key is {}; {} are accepted", found(entry.first), accepted));
    }
    const std::string& name = entry.first.Scalar();
    const auto [first, is_new] = lines.emplace(name, line);
    if (!is_new) {
      refuse_line(line, fmt::format("'{}' is given in line {} already; each key once is accepted", name,
                                    first->second));
    }
    entries.push_back({name, line, entry.second});
  }
  return entries;
}

std::vector<YamlEntry> YamlReader::elements(const YamlEntry& list, const std::string& name) const {
  std::vector<YamlEntry> elements;
  for (const YAML::Node& value : list.value) elements.push_back({name, line_of(value.Mark()), value});
  return elements;
}

bool YamlReader::truth(const YamlEntry& entry) const {
  bool value = false;
  if (!entry.value.IsScalar() || !YAML::convert<bool>::decode(entry.value, value)) {
    refuse(entry, "true or false");
  }
  return value;
}

std::string YamlReader::text(const YamlEntry& entry, const std::string& accepted) const {
  if (!entry.value.IsScalar()) refuse(entry, accepted);
  return entry.value.Scalar();
}

void YamlReader::refuse(const YamlEntry& entry, const std::string& accepted) const {
  refuse_line(entry.line, fmt::format("{} is {}; {} is accepted", entry.name, found(entry.value), accepted));
}

void YamlReader::refuse_key(const YamlEntry& entry, const std::string& accepted) const {
  refuse_line(entry.line, fmt::format("key '{}' is unknown; {} are accepted", entry.name, accepted));
}

void YamlReader::refuse_line(int line, const std::string& problem) const {
  throw InputError("{}, line {}: {}", file_, line, problem);
}

}  // namespace y6q::data
