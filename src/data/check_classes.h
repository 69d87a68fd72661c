#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "data/dataset.h"

namespace y6q::data {

/// Throws InputError that names both files when a data set's classes are not those of the network.
void check_classes(const std::vector<std::string>& known, const fs::path& weights,
                   const std::vector<std::string>& class_names, const fs::path& data);

/// Throws InputError when a split that is trained on or measured has no object at all, or has other classes
/// than the training split.
void check_split(const Dataset& split, const std::string& name, const Dataset& train_set,
                 const fs::path& data);

}  // namespace y6q::data
