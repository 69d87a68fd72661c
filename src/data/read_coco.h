#pragma once

#include "data/draft.h"

namespace y6q::data {

/// The images of a COCO JSON with their boxes; crowd regions give none. class_names: expected names, in any
/// order (empty: the JSON's, by ascending id). Categories are found by name, if need be without regard to
/// case. Throws InputError for a class without category, and for a category with objects that is no class.
Draft read_coco_draft(const fs::path& json, const std::vector<fs::path>& image_folders,
                      const std::vector<std::string>& class_names = {});

enum class FromCoco { ids, ids_and_boxes };

/// Gives images that were found elsewhere the image ids and category ids of a COCO JSON, found by file name
/// and class name, and the boxes where they have no labels of their own. Images that only the JSON has stay
/// out. Throws as above.
void take_from_coco(const fs::path& json, FromCoco what, Draft& draft);

/// Where the images of an instances_<name>.json lie: <json folder>/<name>, the folder above it, their
/// `images` folders, or beside the JSON. Throws InputError naming what was tried.
fs::path coco_image_folder(const fs::path& json);

}  // namespace y6q::data
