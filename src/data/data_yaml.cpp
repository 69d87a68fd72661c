#include "data/data_yaml.h"

#include <yaml-cpp/yaml.h>

#include "base/errors.h"

namespace y6q::data {
namespace {

constexpr uint64_t kMaxBytes = 16 << 20;

std::vector<fs::path> folders(const YAML::Node& node, const fs::path& base) {
  std::vector<fs::path> paths;
  if (node.IsScalar()) paths.push_back((base / node.as<std::string>()).lexically_normal());
  for (const auto& entry : node) paths.push_back((base / entry.as<std::string>()).lexically_normal());
  return paths;
}

// A list, or a map 0: a, 1: b, … without gaps.
std::vector<std::string> class_names(const YAML::Node& node, const std::string& file) {
  std::vector<std::string> names;
  if (node.IsSequence()) {
    for (const auto& entry : node) names.push_back(entry.as<std::string>());
  } else if (node.IsMap()) {
    std::map<int64_t, std::string> by_id;
    for (const auto& entry : node) by_id[entry.first.as<int64_t>()] = entry.second.as<std::string>();
    for (const auto& [id, name] : by_id) {
      if (id != std::ssize(names))
        throw InputError("data: {}: names has id {}, {} expected", file, id, names.size());
      names.push_back(name);
    }
  }
  if (names.empty())
    throw InputError("data: {}: names must be a list of class names, or a map from 0 up", file);
  return names;
}

DataYaml parse(const YAML::Node& root, const fs::path& path) {
  const std::string file = path.string();
  if (!root.IsMap()) throw InputError("data: {}: a map with train, val, nc and names is expected", file);
  DataYaml yaml;
  yaml.file = path;
  const fs::path base = fs::absolute(path).parent_path();
  for (const char* split : {"train", "val", "test"}) {
    if (root[split] && !root[split].IsNull()) yaml.splits[split] = folders(root[split], base);
  }
  if (!root["names"])
    throw InputError("data: {}: 'names' is missing; a list of class names is expected", file);
  yaml.names = class_names(root["names"], file);
  if (root["nc"] && root["nc"].as<int64_t>() != std::ssize(yaml.names)) {
    throw InputError("data: {}, line {}: nc is {}, but names has {} entries", file,
                     root["nc"].Mark().line + 1, root["nc"].as<int64_t>(), yaml.names.size());
  }
  if (root["is_coco"]) yaml.is_coco = root["is_coco"].as<bool>();
  if (root["anno_path"] && !root["anno_path"].IsNull()) {
    const auto anno = root["anno_path"].as<std::string>();
    if (!anno.empty()) yaml.anno_path = (base / anno).lexically_normal();
  }
  if (yaml.is_coco && yaml.anno_path.empty()) {
    throw InputError("data: {}: is_coco needs anno_path, the COCO JSON of the val images", file);
  }
  return yaml;
}

}  // namespace

DataYaml read_data_yaml(const fs::path& path) {
  const std::string text = read_file(path, kMaxBytes);
  try {
    return parse(YAML::Load(text), path);
  } catch (const YAML::Exception& error) {
    throw InputError("data: {}, line {}: {}", path.string(), error.mark.line + 1, error.msg);
  }
}

}  // namespace y6q::data
