#include "data/read_coco.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/errors.h"
#include "base/utf8.h"
#include "data/coco_json.h"
#include "data/image_files.h"

namespace y6q::data {
namespace {

std::vector<std::string> names_of(const CocoInstances& instances) {
  std::vector<std::string> names;
  for (const Category& category : instances.categories) names.push_back(category.name);
  return names;
}

/// Finds the category of every class by its name; a category is of one class at most.
class CategoryMatch {
 public:
  CategoryMatch(const CocoInstances& instances, const std::vector<std::string>& class_names,
                const fs::path& json)
      : instances_(instances), class_names_(class_names), json_(json) {}

  /// Category ids, in the order of the classes. Adds to notes what differs in case only.
  std::vector<int64_t> ids(std::vector<std::string>& notes) {
    std::vector<int64_t> ids(class_names_.size());
    std::vector<size_t> open;
    for (size_t i = 0; i < ids.size(); ++i) {
      const Category* same = take([&](const Category& c) { return c.name == class_names_[i]; });
      if (same) ids[i] = same->id;
      if (!same) open.push_back(i);
    }
    for (const size_t i : open) {
      const std::string wanted = lower_case(class_names_[i]);
      const Category* similar = take([&](const Category& c) { return lower_case(c.name) == wanted; });
      if (!similar) refuse(fmt::format("the JSON has no category '{}'", class_names_[i]));
      ids[i] = similar->id;
      notes.push_back(fmt::format("coco: {}: category '{}' is taken for the class '{}'", json_.string(),
                                  similar->name, class_names_[i]));
    }
    check_the_others();
    return ids;
  }

 private:
  template <typename Fits>
  const Category* take(Fits fits) {
    const auto found = std::ranges::find_if(
        instances_.categories, [&](const Category& c) { return !taken_.contains(c.id) && fits(c); });
    if (found == instances_.categories.end()) return nullptr;
    taken_.insert(found->id);
    return &*found;
  }

  // Exporters list categories that nothing uses; one with objects would be missed in every evaluation.
  void check_the_others() const {
    for (const CocoAnnotation& annotation : instances_.annotations) {
      const auto category = std::ranges::find(instances_.categories, annotation.category_id, &Category::id);
      if (category == instances_.categories.end() || taken_.contains(category->id)) continue;
      refuse(fmt::format("category '{}' has objects and is no class", category->name));
    }
  }

  [[noreturn]] void refuse(const std::string& problem) const {
    throw InputError("coco: {}: {}; the JSON has [{}], the class names given are [{}]: make them the same",
                     json_.string(), problem, fmt::join(names_of(instances_), ", "),
                     fmt::join(class_names_, ", "));
  }

  const CocoInstances& instances_;
  const std::vector<std::string>& class_names_;
  const fs::path& json_;
  std::set<int64_t> taken_;
};

/// Names the classes as the JSON does where they have no names yet, and gives each its category.
void match_categories(const CocoInstances& instances, const fs::path& json, Draft& draft) {
  if (!draft.class_names.empty()) {
    draft.category_ids = CategoryMatch(instances, draft.class_names, json).ids(draft.notes);
    return;
  }
  draft.class_names = names_of(instances);
  for (const Category& category : instances.categories) draft.category_ids.push_back(category.id);
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

/// The sample of each image of the JSON; null where there is none.
using SampleOfImage = std::unordered_map<int64_t, DraftSample*>;

void add_annotations(const CocoInstances& instances, const SampleOfImage& sample_of_image,
                     const fs::path& json, Draft& draft) {
  draft.box_word = json.filename().string() + ", annotation";
  std::unordered_map<int64_t, int64_t> class_of_category;
  for (const int64_t id : draft.category_ids) class_of_category.emplace(id, std::ssize(class_of_category));
  std::string strays;
  for (const CocoAnnotation& annotation : instances.annotations) {
    const auto found = sample_of_image.find(annotation.image_id);
    if (found == sample_of_image.end()) {
      strays += fmt::format("\n  {}, annotation {}: image_id {} is not in 'images'", json.string(),
                            annotation.id, annotation.image_id);
      continue;
    }
    if (!found->second) continue;
    DraftSample& sample = *found->second;
    const auto category = class_of_category.find(annotation.category_id);
    if (category == class_of_category.end()) {
      sample.problems.push_back(fmt::format("{}, annotation {}: category_id {} is not in 'categories'",
                                            json.string(), annotation.id, annotation.category_id));
    } else if (annotation.crowd) {
      ++draft.findings.crowds;
    } else {
      sample.boxes.push_back({{category->second, annotation.x, annotation.y, annotation.x + annotation.w,
                               annotation.y + annotation.h},
                              annotation.id});
    }
  }
  if (!strays.empty()) throw InputError("coco: annotations without an image:{}", strays);
}

void take_image(const CocoImage& image, DraftSample& sample) {
  sample.image_id = image.id;
  sample.stated_height = image.height;
  sample.stated_width = image.width;
}

}  // namespace

Draft read_coco_draft(const fs::path& json, const std::vector<fs::path>& image_folders,
                      const std::vector<std::string>& class_names) {
  const CocoInstances instances = read_coco_instances(json);
  Draft draft;
  draft.root = fs::absolute(json).parent_path();
  draft.class_names = class_names;
  match_categories(instances, json, draft);
  draft.annotation_json = json;
  draft.description_files = {json};
  draft.samples.resize(instances.images.size());
  SampleOfImage sample_of_image;
  for (size_t i = 0; i < draft.samples.size(); ++i) {
    const CocoImage& image = instances.images[i];
    DraftSample& sample = draft.samples[i];
    sample_of_image.emplace(image.id, &sample);
    sample.image = find_image(image_folders, image.file_name);
    take_image(image, sample);
    check_file_name(image, json, sample);
  }
  add_annotations(instances, sample_of_image, json, draft);
  return draft;
}

void take_from_coco(const fs::path& json, FromCoco what, Draft& draft) {
  const CocoInstances instances = read_coco_instances(json);
  match_categories(instances, json, draft);
  draft.annotation_json = json;
  draft.description_files.push_back(json);
  std::unordered_map<std::string, const CocoImage*> image_of_name;
  SampleOfImage sample_of_image;
  for (const CocoImage& image : instances.images) {
    image_of_name[fs::path(image.file_name).filename().string()] = &image;
    sample_of_image.emplace(image.id, nullptr);
  }
  for (DraftSample& sample : draft.samples) {
    if (sample.image.empty()) continue;
    const auto found = image_of_name.find(sample.image.filename().string());
    if (found != image_of_name.end()) {
      sample.image_id = found->second->id;
      sample_of_image[found->second->id] = &sample;
      if (what == FromCoco::ids_and_boxes) take_image(*found->second, sample);
    } else {
      sample.problems.push_back(
          fmt::format("{}: not among the images of {}", sample.image.string(), json.string()));
    }
  }
  if (what == FromCoco::ids_and_boxes) add_annotations(instances, sample_of_image, json, draft);
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

}  // namespace y6q::data
