#include "data/read_coco.h"

#include <algorithm>
#include <unordered_map>

#include "base/errors.h"
#include "data/coco_json.h"

namespace y6q::data {
namespace {

std::vector<std::string> names_of(const CocoInstances& instances) {
  std::vector<std::string> names;
  for (const Category& category : instances.categories) names.push_back(category.name);
  return names;
}

// Category id of every class: by name where all names are known, else by order.
std::vector<int64_t> category_ids(const CocoInstances& instances, const std::vector<std::string>& class_names,
                                  const fs::path& json) {
  std::vector<int64_t> by_order, by_name;
  for (const Category& category : instances.categories) by_order.push_back(category.id);
  for (const std::string& name : class_names) {
    const auto found = std::ranges::find(instances.categories, name, &Category::name);
    if (found != instances.categories.end()) by_name.push_back(found->id);
  }
  if (by_name.size() == class_names.size()) return by_name;
  if (by_order.size() == class_names.size()) return by_order;
  throw InputError("coco: {} has {} categories, but {} class names are given; they must fit", json.string(),
                   by_order.size(), class_names.size());
}

fs::path find_image(const std::vector<fs::path>& folders, const std::string& file_name) {
  for (const fs::path& folder : folders) {
    if (fs::exists(folder / file_name)) return folder / file_name;
  }
  return folders.front() / file_name;
}

// A name that leads out of the image folders would read files nobody meant.
void check_file_name(const CocoImage& image, const fs::path& json, DraftSample& sample) {
  const fs::path name = fs::path(image.file_name).lexically_normal();
  if (!name.is_absolute() && !name.empty() && *name.begin() != "..") return;
  sample.problems.push_back(fmt::format("{}, image {}: file_name '{}' must lie inside the image folder",
                                        json.string(), image.id, image.file_name.substr(0, 200)));
}

void add_annotation(const CocoAnnotation& annotation,
                    const std::unordered_map<int64_t, int64_t>& class_of_category, const fs::path& json,
                    DraftSample& sample) {
  const auto category = class_of_category.find(annotation.category_id);
  if (category == class_of_category.end()) {
    sample.problems.push_back(fmt::format("{}, annotation {}: category_id {} is not in 'categories'",
                                          json.string(), annotation.id, annotation.category_id));
  } else if (!annotation.crowd) {
    sample.boxes.push_back({{category->second, annotation.x, annotation.y, annotation.x + annotation.w,
                             annotation.y + annotation.h},
                            fmt::format("{}, annotation {}", json.filename().string(), annotation.id)});
  }
}

}  // namespace

Draft read_coco_draft(const fs::path& json, const std::vector<fs::path>& image_folders,
                      const std::vector<std::string>& class_names) {
  const CocoInstances instances = read_coco_instances(json);
  Draft draft;
  draft.root = fs::absolute(json).parent_path();
  draft.class_names = class_names.empty() ? names_of(instances) : class_names;
  draft.category_ids = category_ids(instances, draft.class_names, json);
  draft.annotation_json = json;
  draft.description_files = {json};
  std::unordered_map<int64_t, int64_t> class_of_category;
  for (const int64_t id : draft.category_ids) class_of_category.emplace(id, std::ssize(class_of_category));
  std::unordered_map<int64_t, size_t> sample_of_image;
  for (const CocoImage& image : instances.images) {
    sample_of_image.emplace(image.id, draft.samples.size());
    DraftSample& sample = draft.samples.emplace_back();
    sample.image = find_image(image_folders, image.file_name);
    sample.image_id = image.id;
    sample.stated_height = image.height;
    sample.stated_width = image.width;
    check_file_name(image, json, sample);
  }
  std::string strays;
  for (const CocoAnnotation& annotation : instances.annotations) {
    const auto found = sample_of_image.find(annotation.image_id);
    if (found == sample_of_image.end()) {
      strays += fmt::format("\n  {}, annotation {}: image_id {} is not in 'images'", json.string(),
                            annotation.id, annotation.image_id);
    } else {
      add_annotation(annotation, class_of_category, json, draft.samples[found->second]);
    }
  }
  if (!strays.empty()) throw InputError("coco: annotations without an image:{}", strays);
  return draft;
}

void take_ids_from_coco(const fs::path& json, Draft& draft) {
  const CocoInstances instances = read_coco_instances(json);
  draft.category_ids = category_ids(instances, draft.class_names, json);
  draft.annotation_json = json;
  draft.description_files.push_back(json);
  std::unordered_map<std::string, int64_t> id_of_name;
  for (const CocoImage& image : instances.images) {
    id_of_name[fs::path(image.file_name).filename().string()] = image.id;
  }
  for (DraftSample& sample : draft.samples) {
    const auto found = id_of_name.find(sample.image.filename().string());
    if (found != id_of_name.end()) {
      sample.image_id = found->second;
    } else {
      sample.problems.push_back(
          fmt::format("{}: not among the images of {}", sample.image.string(), json.string()));
    }
  }
}

fs::path coco_image_folder(const fs::path& json) {
  constexpr std::string_view kPrefix = "instances_";
  const fs::path beside = fs::absolute(json).parent_path(), above = beside.parent_path();
  std::string name = json.stem().string();
  if (name.starts_with(kPrefix)) name = name.substr(kPrefix.size());
  const fs::path candidates[]{
      above / name,     above / "images" / name, beside / name, beside / "images" / name,
      above / "images", beside / "images",       beside};
  for (const fs::path& folder : candidates) {
    if (fs::is_directory(folder) && (folder != beside || !images_below(folder).empty())) return folder;
  }
  throw InputError("coco: no image folder for {}; expected {} or {}", json.string(), candidates[0].string(),
                   candidates[1].string());
}

fs::path coco_json_of_split(const fs::path& json, const std::string& split) {
  const std::string name = json.filename().string();
  for (const std::string other : {"train", "val", "test"}) {
    const size_t at = name.rfind(other);
    if (at == name.npos) continue;
    const fs::path sibling = json.parent_path() / std::string(name).replace(at, other.size(), split);
    return fs::exists(sibling) ? sibling : fs::path();
  }
  return {};
}

}  // namespace y6q::data
