#include "data/dataset.h"

#include <algorithm>
#include <set>

#include "base/errors.h"
#include "data/coco_splits.h"
#include "data/data_yaml.h"
#include "data/draft.h"
#include "data/image_files.h"
#include "data/read_coco.h"
#include "data/read_voc.h"
#include "data/read_yolo.h"

namespace y6q::data {
namespace {

// The JSON of a split: as anno_path names it, else beside val's, or none.
fs::path annotations_of(const DataYaml& yaml, const std::string& split) {
  const auto named = yaml.annotations.find(split), val = yaml.annotations.find("val");
  if (named == yaml.annotations.end()) {
    return val == yaml.annotations.end() ? fs::path() : coco_json_of_split(val->second, split);
  }
  if (!fs::exists(named->second)) {
    throw InputError("data: {}: anno_path {} does not exist", yaml.file.string(), named->second.string());
  }
  return named->second;
}

/// Of images found in folders or lists, with a JSON of the split or none (empty).
void read_labels(const fs::path& json, const ImageFiles& files, const DatasetOptions& options, Draft& draft) {
  std::set<fs::path> folders(files.folders.begin(), files.folders.end());
  if (!files.lists.empty()) {
    for (const DraftSample& sample : draft.samples) folders.insert(sample.image.parent_path());
  }
  draft.has_label_files = json.empty() || std::ranges::any_of(folders, has_label_folder);
  if (draft.has_label_files) {
    read_yolo_labels(draft.samples, {std::ssize(draft.class_names), options.threads});
    const std::vector<fs::path> without = labels_without_image(files.folders, draft.samples);
    draft.findings.labels_without_image = std::ssize(without);
    if (!without.empty()) draft.findings.first_without_image = without.front();
  }
  if (!json.empty()) {
    take_from_coco(json, draft.has_label_files ? FromCoco::ids : FromCoco::ids_and_boxes, draft);
  }
}

Draft draft_from_yaml(const fs::path& file, const DatasetOptions& options) {
  const std::string& split = options.split;
  const DataYaml yaml = read_data_yaml(file);
  const auto found = yaml.splits.find(split);
  if (found == yaml.splits.end() || found->second.empty()) {
    throw InputError(
        "data: {} has no '{}'; a folder of images, a .txt of their paths, or a list of these, is expected",
        file.string(), split);
  }
  if (!fs::is_directory(yaml.root)) {
    throw InputError(
        "data: {}: path {} is no folder; the folder that the others begin in is expected, absolute or "
        "relative to this file",
        file.string(), yaml.root.string());
  }
  const std::vector<fs::path>& sources = found->second;
  const fs::path json = annotations_of(yaml, split);
  Draft draft;
  const auto is_folder = [](const fs::path& source) { return fs::is_directory(source); };
  if (sources.size() == 1 && is_voc_folder(sources[0])) {
    draft = read_voc_draft(sources[0], split, yaml.names);
  } else if (!json.empty() && std::ranges::all_of(sources, is_folder) &&
             std::ranges::none_of(sources, has_label_folder)) {
    draft = read_coco_draft(json, sources, yaml.names);
  } else {
    ImageFiles files = find_image_files(sources, yaml.root);
    draft.class_names = yaml.names;
    draft.samples = std::move(files.samples);
    draft.description_files = files.lists;
    draft.findings.listed_twice = files.repeated;
    read_labels(json, files, options, draft);
  }
  draft.root = fs::absolute(file).parent_path();
  draft.description_files.push_back(fs::absolute(file));
  draft.notes.insert(draft.notes.end(), yaml.notes.begin(), yaml.notes.end());
  return draft;
}

Draft draft_of_coco_json(const fs::path& json) { return read_coco_draft(json, {coco_image_folder(json)}); }

Draft draft_from_json(const fs::path& json, const DatasetOptions& options) {
  const std::string& split = options.split;
  const std::string told = split_of_coco_json(json);
  if (told.empty() && options.sole_split) return draft_of_coco_json(json);
  if (told.empty()) {
    throw InputError(
        "data: {}: neither its name nor its folder's tells whether it is train, val or test; accepted are "
        "names with one of these words (instances_train.json beside instances_val.json), folders of these "
        "names (train/{} beside valid/{}), and a data.yaml whose anno_path has the JSON of each split",
        json.string(), json.filename().string(), json.filename().string());
  }
  const fs::path of_split = coco_json_of_split(json, split);
  if (of_split.empty()) {
    throw InputError(
        "data: no JSON for split '{}' beside {}; the same path with '{}' instead of '{}' is expected, or "
        "a data.yaml whose anno_path names it",
        split, json.string(), split, told);
  }
  return draft_of_coco_json(of_split);
}

// annotations/instances_*.json or */_annotations.coco.json of a split, the first by name; empty when there is
// none.
fs::path json_in_folder(const fs::path& folder, const std::string& split) {
  std::vector<fs::path> found;
  const auto consider = [&](const fs::path& json) {
    if (fs::exists(json) && split_of_coco_json(json) == split) found.push_back(json);
  };
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) consider(entry.path() / "_annotations.coco.json");
  }
  if (fs::is_directory(folder / "annotations")) {
    for (const auto& entry : fs::directory_iterator(folder / "annotations")) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("instances_") && name.ends_with(".json")) consider(entry.path());
    }
  }
  return found.empty() ? fs::path() : *std::ranges::min_element(found);
}

Draft draft_from_folder(const fs::path& folder, const DatasetOptions& options) {
  const std::string& split = options.split;
  if (is_voc_folder(folder)) return read_voc_draft(folder, split);
  if (fs::exists(folder / "data.yaml")) return draft_from_yaml(folder / "data.yaml", options);
  const fs::path json = json_in_folder(folder, split);
  if (!json.empty()) return draft_of_coco_json(json);
  if (options.images_alone && split == "train") {
    ImageFiles files = find_image_files({folder}, folder);
    if (!files.samples.empty()) {
      Draft draft;
      draft.root = folder;
      draft.samples = std::move(files.samples);
      return draft;
    }
  }
  throw InputError(
      "data: {} holds no data set; accepted are a data.yaml, annotations/instances_{}*.json, "
      "{}/_annotations.coco.json, or the folders Annotations and JPEGImages",
      folder.string(), split, split);
}

/// Absolute, so that nothing (the digest least of all) depends on the working directory.
fs::path description_of(const fs::path& data) {
  if (data.empty() || !fs::exists(data)) {
    throw InputError("data: {} does not exist; a data.yaml, a COCO JSON or a Pascal VOC folder is expected",
                     data.string());
  }
  return fs::absolute(data).lexically_normal();
}

bool is_yaml(const fs::path& path) { return path.extension() == ".yaml" || path.extension() == ".yml"; }

Draft read_draft(const fs::path& path, const DatasetOptions& options) {
  if (fs::is_directory(path)) return draft_from_folder(path, options);
  if (is_yaml(path)) return draft_from_yaml(path, options);
  if (path.extension() == ".json") return draft_from_json(path, options);
  throw InputError("data: {}: accepted are a .yaml, a .json or a folder", path.string());
}

bool has_split(const fs::path& path, const std::string& split) {
  if (is_voc_folder(path)) return fs::exists(voc_list(path, split));
  if (fs::exists(path / "data.yaml")) return has_split(path / "data.yaml", split);
  if (fs::is_directory(path)) return !json_in_folder(path, split).empty();
  if (is_yaml(path)) return read_data_yaml(path).splits.contains(split);
  return !coco_json_of_split(path, split).empty();
}

}  // namespace

Dataset read_dataset(const fs::path& data, const DatasetOptions& options, Monitor& monitor) {
  return finish_dataset(read_draft(description_of(data), options), options, monitor);
}

std::vector<std::string> splits_of(const fs::path& data) {
  const fs::path path = description_of(data);
  std::vector<std::string> splits;
  for (const char* split : {"train", "val", "test"}) {
    if (has_split(path, split)) splits.emplace_back(split);
  }
  return splits;
}

}  // namespace y6q::data
