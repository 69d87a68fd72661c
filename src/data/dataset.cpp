#include "data/dataset.h"

#include <algorithm>

#include "base/errors.h"
#include "data/data_yaml.h"
#include "data/draft.h"
#include "data/read_coco.h"
#include "data/read_voc.h"
#include "data/read_yolo.h"

namespace y6q::data {
namespace {

// The JSON of a split: anno_path is val's; other splits have theirs beside it, or none.
fs::path annotations_of(const DataYaml& yaml, const std::string& split) {
  if (yaml.anno_path.empty()) return {};
  if (split != "val") return coco_json_of_split(yaml.anno_path, split);
  if (!fs::exists(yaml.anno_path)) {
    throw InputError("data: {}: anno_path {} does not exist", yaml.file.string(), yaml.anno_path.string());
  }
  return yaml.anno_path;
}

// images/train -> labels/train.
bool has_label_folder(const fs::path& image_folder) {
  return fs::is_directory(label_path(image_folder / "x.jpg").parent_path()) &&
         label_path(image_folder / "x.jpg").parent_path() != image_folder;
}

Draft draft_from_yaml(const fs::path& file, const std::string& split) {
  const DataYaml yaml = read_data_yaml(file);
  const auto found = yaml.splits.find(split);
  if (found == yaml.splits.end() || found->second.empty()) {
    throw InputError("data: {} has no '{}'; a folder of images, or a list of them, is expected",
                     file.string(), split);
  }
  const std::vector<fs::path>& folders = found->second;
  const fs::path json = annotations_of(yaml, split);
  Draft draft;
  if (folders.size() == 1 && is_voc_folder(folders[0])) {
    draft = read_voc_draft(folders[0], split, yaml.names);
  } else if (!json.empty() && std::ranges::none_of(folders, has_label_folder)) {
    draft = read_coco_draft(json, folders, yaml.names);
  } else {
    draft.class_names = yaml.names;
    draft.samples = read_yolo_samples(folders, std::ssize(yaml.names));
    if (!json.empty()) take_ids_from_coco(json, draft);
  }
  draft.root = fs::absolute(file).parent_path();
  draft.description_files.push_back(fs::absolute(file));
  return draft;
}

Draft draft_from_json(const fs::path& json, const std::string& split) {
  const std::string name = json.filename().string();
  const bool names_split =
      std::ranges::any_of(std::vector<std::string>{"train", "val", "test"},
                          [&](const auto& word) { return name.find(word) != name.npos; });
  const fs::path of_split = names_split ? coco_json_of_split(json, split) : json;
  if (of_split.empty()) {
    throw InputError("data: no JSON for split '{}' beside {}; the same name with '{}' in it is expected",
                     split, json.string(), split);
  }
  return read_coco_draft(of_split, {coco_image_folder(of_split)});
}

// annotations/instances_<split>*.json of a COCO folder; empty when there is none.
fs::path json_in_folder(const fs::path& folder, const std::string& split) {
  std::vector<fs::path> found;
  if (!fs::is_directory(folder / "annotations")) return {};
  for (const auto& entry : fs::directory_iterator(folder / "annotations")) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("instances_" + split) && entry.path().extension() == ".json")
      found.push_back(entry.path());
  }
  return found.empty() ? fs::path() : *std::ranges::min_element(found);
}

Draft draft_from_folder(const fs::path& folder, const std::string& split) {
  if (is_voc_folder(folder)) return read_voc_draft(folder, split);
  if (fs::exists(folder / "data.yaml")) return draft_from_yaml(folder / "data.yaml", split);
  const fs::path json = json_in_folder(folder, split);
  if (!json.empty()) return draft_from_json(json, split);
  throw InputError(
      "data: {} holds no data set; accepted are a data.yaml, annotations/instances_{}*.json, or the folders "
      "Annotations and JPEGImages",
      folder.string(), split);
}

}  // namespace

Dataset read_dataset(const fs::path& data, const DatasetOptions& options, Monitor& monitor) {
  if (data.empty() || !fs::exists(data)) {
    throw InputError("data: {} does not exist; a data.yaml, a COCO JSON or a Pascal VOC folder is expected",
                     data.string());
  }
  // Absolute, so that nothing (the digest least of all) depends on the working directory.
  const fs::path path = fs::absolute(data).lexically_normal();
  const std::string extension = path.extension().string();
  Draft draft;
  if (fs::is_directory(path)) {
    draft = draft_from_folder(path, options.split);
  } else if (extension == ".yaml" || extension == ".yml") {
    draft = draft_from_yaml(path, options.split);
  } else if (extension == ".json") {
    draft = draft_from_json(path, options.split);
  } else {
    throw InputError("data: {}: accepted are a .yaml, a .json or a folder", path.string());
  }
  return finish_dataset(std::move(draft), options, monitor);
}

}  // namespace y6q::data
