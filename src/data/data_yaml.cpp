#include "data/data_yaml.h"

#include <algorithm>

#include "data/yaml_reader.h"

namespace y6q::data {
namespace {

constexpr uint64_t kMaxBytes = 16 << 20;
constexpr double kMostClasses = 1e9;
constexpr const char* kClassName = "a class name";

fs::path joined(const fs::path& base, const std::string& path) { return (base / path).lexically_normal(); }

/// As written; the system would end it at a NUL.
std::string path_text(const YamlReader& reader, const YamlEntry& entry, const std::string& accepted) {
  std::string text = reader.text(entry, accepted);
  if (text.find('\0') != text.npos) reader.refuse_line(entry.line, entry.name + " holds a NUL; no path does");
  return text;
}

/// A folder or list of a split. Roboflow's exports say `../train/images` of a folder beside the file.
fs::path source(const std::string& path, DataYaml& yaml) {
  constexpr std::string_view kUp = "../";
  fs::path found = joined(yaml.root, path);
  if (!path.starts_with(kUp) || fs::exists(found)) return found;
  fs::path beside = joined(yaml.root, path.substr(kUp.size()));
  if (!fs::exists(beside)) return found;
  yaml.notes.push_back(fmt::format("data: {}: there is no {}; {} is taken for it", yaml.file.string(),
                                   found.string(), beside.string()));
  return beside;
}

std::vector<fs::path> sources(const YamlReader& reader, const YamlEntry& entry, DataYaml& yaml) {
  const auto list =
      entry.value.IsSequence() ? reader.elements(entry, entry.name) : std::vector<YamlEntry>{entry};
  std::vector<fs::path> paths;
  paths.reserve(list.size());
  for (const YamlEntry& element : list) {
    paths.push_back(
        source(path_text(reader, element, "a folder, a .txt of image paths, or a list of them,"), yaml));
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
    const std::string path =
        path_text(reader, json, "the path of a COCO JSON, or a map of splits to one each,");
    if (!path.empty()) of_split[split] = joined(base, path);
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
  yaml.root = fs::absolute(path).parent_path();
  YamlEntry nc;
  const std::vector<YamlEntry> entries = reader.entries(root, "train, val, nc and names");
  const auto base = std::ranges::find(entries, "path", &YamlEntry::name);
  if (base != entries.end() && !base->value.IsNull()) {
    yaml.root = joined(yaml.root, path_text(reader, *base, "a folder"));
  }
  for (const YamlEntry& entry : entries) {
    const bool is_given = !entry.value.IsNull();
    if (entry.name == "names") {
      yaml.names = class_names(reader, entry);
    } else if (entry.name == "nc") {
      nc = entry;
    } else if (entry.name == "is_coco") {
      yaml.is_coco = reader.truth(entry);
    } else if (entry.name == "anno_path" && is_given) {
      yaml.annotations = annotations(reader, entry, yaml.root);
    } else if (is_split(entry.name) && is_given) {
      yaml.splits[entry.name] = sources(reader, entry, yaml);
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
