#include "data/data_yaml.h"

#include "data/yaml_reader.h"

namespace y6q::data {
namespace {

constexpr uint64_t kMaxBytes = 16 << 20;
constexpr double kMostClasses = 1e9;
constexpr const char* kClassName = "a class name";

std::vector<fs::path> folders(const YamlReader& reader, const YamlEntry& entry, const fs::path& base) {
  const auto list =
      entry.value.IsSequence() ? reader.elements(entry, entry.name) : std::vector<YamlEntry>{entry};
  std::vector<fs::path> paths;
  paths.reserve(list.size());
  for (const YamlEntry& element : list) {
    paths.push_back((base / reader.text(element, "a folder or a list of folders")).lexically_normal());
  }
  return paths;
}

bool is_split(const std::string& name) { return name == "train" || name == "val" || name == "test"; }

// One path, which is val's, or a map of splits to one each.
std::map<std::string, fs::path> annotations(const YamlReader& reader, const YamlEntry& entry,
                                            const fs::path& base) {
  const bool is_map = entry.value.IsMap();
  std::map<std::string, fs::path> of_split;
  for (YamlEntry json : is_map ? reader.entries(entry, "train, val and test") : std::vector{entry}) {
    if (is_map && !is_split(json.name)) reader.refuse_key(json, "train, val and test");
    const std::string split = is_map ? json.name : "val";
    if (is_map) json.name = "anno_path of " + split;
    const std::string path = reader.text(json, "the path of a COCO JSON, or a map of splits to one each,");
    if (!path.empty()) of_split[split] = (base / path).lexically_normal();
  }
  return of_split;
}

std::vector<std::string> names_by_id(const YamlReader& reader, const YamlEntry& entry) {
  std::map<int64_t, std::string> by_id;
  for (const YamlEntry& name : reader.entries(entry, "class names")) {
    const YamlEntry id{"an id of names", name.line, YAML::Node(name.name)};
    by_id[reader.number<int64_t>(id, 0, kMostClasses)] = reader.text(name, kClassName);
  }
  std::vector<std::string> names;
  for (const auto& [id, name] : by_id) {
    if (id != std::ssize(names)) {
      reader.refuse_line(entry.line, fmt::format("names has id {}, {} expected", id, names.size()));
    }
    names.push_back(name);
  }
  return names;
}

// A list, or a map 0: a, 1: b, … without gaps.
std::vector<std::string> class_names(const YamlReader& reader, const YamlEntry& entry) {
  std::vector<std::string> names;
  if (entry.value.IsSequence()) {
    for (const YamlEntry& name : reader.elements(entry, "an entry of names")) {
      names.push_back(reader.text(name, kClassName));
    }
  } else if (entry.value.IsMap()) {
    names = names_by_id(reader, entry);
  }
  if (names.empty()) {
    reader.refuse_line(entry.line, "names must be a list of class names, or a map from 0 up");
  }
  return names;
}

DataYaml parse(const YamlReader& reader, const YamlEntry& root, const fs::path& path) {
  DataYaml yaml;
  yaml.file = path;
  const fs::path base = fs::absolute(path).parent_path();
  YamlEntry nc;
  for (const YamlEntry& entry : reader.entries(root, "train, val, nc and names")) {
    const bool is_given = !entry.value.IsNull();
    if (entry.name == "names") {
      yaml.names = class_names(reader, entry);
    } else if (entry.name == "nc") {
      nc = entry;
    } else if (entry.name == "is_coco") {
      yaml.is_coco = reader.truth(entry);
    } else if (entry.name == "anno_path" && is_given) {
      yaml.annotations = annotations(reader, entry, base);
    } else if (is_split(entry.name) && is_given) {
      yaml.splits[entry.name] = folders(reader, entry, base);
    }
  }
  const std::string file = path.string();
  if (yaml.names.empty()) {
    throw InputError("data: {}: 'names' is missing; a list of class names is expected", file);
  }
  if (!nc.name.empty()) {
    const auto count = reader.number<int64_t>(nc, 1, kMostClasses);
    if (count != std::ssize(yaml.names)) {
      reader.refuse_line(nc.line,
                         fmt::format("nc is {}, but names has {} entries", count, yaml.names.size()));
    }
  }
  if (yaml.is_coco && yaml.annotations.empty()) {
    throw InputError("data: {}: is_coco needs anno_path, the COCO JSON of the val images", file);
  }
  return yaml;
}

}  // namespace

DataYaml read_data_yaml(const fs::path& path) {
  const YamlReader reader("data: " + path.string());
  return parse(reader, reader.load(read_file(path, kMaxBytes)), path);
}

}  // namespace y6q::data
