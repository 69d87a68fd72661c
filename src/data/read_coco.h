#pragma once

#include "data/draft.h"

namespace y6q::data {

/// The images of a COCO JSON with their boxes; crowd regions give none. class_names: expected names, in the
/// order of the category ids (empty: the JSON's). Throws InputError when they do not fit.
Draft read_coco_draft(const fs::path& json, const std::vector<fs::path>& image_folders,
                      const std::vector<std::string>& class_names = {});

/// Gives the samples of a YOLO set the image ids and category ids of its COCO JSON, found by file name.
void take_ids_from_coco(const fs::path& json, Draft& draft);

/// Where the images of an instances_<name>.json lie: <json folder>/<name>, the folder above it, their
/// `images` folders, or beside the JSON. Throws InputError naming what was tried.
fs::path coco_image_folder(const fs::path& json);

/// The JSON of another split, beside `json` (train, val or test in its name exchanged); empty when there is
/// none.
fs::path coco_json_of_split(const fs::path& json, const std::string& split);

}  // namespace y6q::data
