#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/files.h"
#include "data/dataset.h"

namespace y6q::data {

/// Throws InputError that names both files when a data set's classes are not those of the network; it says
/// --classes where the set has more. Images alone (DatasetOptions::images_alone) have none that could differ.
void check_classes(const std::vector<std::string>& known, const fs::path& weights,
                   const std::vector<std::string>& class_names, const fs::path& data);

/// The data set's class of each class of a network, for an evaluation; -1: one that DatasetOptions::classes
/// has left out. Empty: both have the same ones, or the network's file does not name its own. Throws as
/// above, and for such a file with a choice of classes.
std::vector<int64_t> match_classes(const std::vector<std::string>& known, const fs::path& weights,
                                   const Dataset& dataset, const fs::path& data);

/// Throws InputError when two splits have other classes.
void check_same_classes(const Dataset& split, const Dataset& other, const fs::path& data);

/// Throws InputError when a split that is trained on or measured has no object at all, or has other classes
/// than the training split.
void check_split(const Dataset& split, const std::string& name, const Dataset& train_set,
                 const fs::path& data);

}  // namespace y6q::data
