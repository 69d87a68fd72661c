#pragma once

#include <string>

#include "base/files.h"

namespace y6q::data {

/// The split that a COCO JSON is of: train, val or test. A word of the file's name tells it (`train`,
/// `training`; `val`, `valid`, `validation`; `test`; digits may follow: `instances_train2017.json`), else the
/// whole name of its folder (`valid/_annotations.coco.json`), or of the one above when that is `annotations`.
/// Empty when nothing tells it, or two words of one name disagree.
std::string split_of_coco_json(const fs::path& json);

/// The JSON of another split: `json` with the word that tells its split exchanged. Empty when there is none.
fs::path coco_json_of_split(const fs::path& json, const std::string& split);

}  // namespace y6q::data
