#include "data/check_classes.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/errors.h"

namespace y6q::data {

void check_classes(const std::vector<std::string>& known, const fs::path& weights,
                   const std::vector<std::string>& class_names, const fs::path& data) {
  if (known == class_names) return;
  throw InputError("{}: knows the classes [{}], {} has [{}]; give the data set the network was trained on",
                   weights.string(), fmt::join(known, ", "), data.string(), fmt::join(class_names, ", "));
}

void check_split(const Dataset& split, const std::string& name, const Dataset& train_set,
                 const fs::path& data) {
  // Category ids may differ: each split has those of its own JSON, or none.
  if (split.class_names != train_set.class_names) {
    throw InputError("{}: split {} has the classes [{}], train has [{}]; give every split the same ones",
                     data.string(), name, fmt::join(split.class_names, ", "),
                     fmt::join(train_set.class_names, ", "));
  }
  const bool has_objects = std::any_of(split.images.begin(), split.images.end(),
                                       [](const ImageRecord& record) { return !record.labels.empty(); });
  if (!has_objects) {
    throw InputError(
        "{}: split {} has {} images without a single object; labels of images/x.jpg are expected in "
        "labels/x.txt",
        data.string(), name, split.images.size());
  }
}

}  // namespace y6q::data
