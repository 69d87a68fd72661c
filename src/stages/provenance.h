#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "data/dataset.h"
#include "formats/model_file.h"

namespace y6q::stages {

/// "yolov6q 0.1.0".
std::string tool_version();

/// What every model file says about its making: tool, step, digest of its parent file ("" path: none) and
/// data.
std::map<std::string, std::string> provenance(std::string_view step, const fs::path& parent,
                                              std::string_view data_sha256);

/// Throws InputError that names both files when a data set's classes are not those of the network.
void check_classes(const std::vector<std::string>& known, const fs::path& weights,
                   const std::vector<std::string>& class_names, const fs::path& data);

/// Throws InputError when a split that is trained on or measured has no object at all, or has other classes
/// than the training split.
void check_split(const data::Dataset& split, const std::string& name, const data::Dataset& train_set,
                 const fs::path& data);

}  // namespace y6q::stages
