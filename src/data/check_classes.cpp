#include "data/check_classes.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/errors.h"

namespace y6q::data {
namespace {

/// Every name of `part` is one of `whole`.
bool is_part(const std::vector<std::string>& part, const std::vector<std::string>& whole) {
  return std::ranges::all_of(
      part, [&](const std::string& name) { return std::ranges::find(whole, name) != whole.end(); });
}

}  // namespace

void check_classes(const std::vector<std::string>& known, const fs::path& weights,
                   const std::vector<std::string>& class_names, const fs::path& data) {
  if (known == class_names || class_names.empty()) return;
  const bool has_more = is_part(known, class_names);
  throw InputError("{}: knows the classes [{}], {} has [{}]; give {}", weights.string(),
                   fmt::join(known, ", "), data.string(), fmt::join(class_names, ", "),
                   has_more ? fmt::format("--classes \"{}\"", fmt::join(known, ","))
                            : "the data set the network was trained on");
}

std::vector<int64_t> match_classes(const std::vector<std::string>& known, const fs::path& weights,
                                   const Dataset& dataset, const fs::path& data) {
  const bool is_chosen = !dataset.other_classes.empty();
  if (known.empty() && is_chosen) {
    throw InputError(
        "{}: does not name its classes; --classes needs a file that does, as `yolov6q export` writes it",
        weights.string());
  }
  if (known.empty() || known == dataset.class_names) return {};
  if (!is_chosen || !is_part(dataset.class_names, known)) {
    check_classes(known, weights, dataset.class_names, data);
  }
  std::vector<int64_t> matched;
  for (const std::string& name : known) {
    const auto found = std::ranges::find(dataset.class_names, name);
    matched.push_back(found == dataset.class_names.end() ? -1 : found - dataset.class_names.begin());
  }
  return matched;
}

void check_same_classes(const Dataset& split, const Dataset& other, const fs::path& data) {
  // Category ids may differ: each split has those of its own JSON, or none.
  if (split.class_names == other.class_names) return;
  throw InputError("{}: split {} has the classes [{}], {} has [{}]; give every split the same ones",
                   data.string(), split.split, fmt::join(split.class_names, ", "), other.split,
                   fmt::join(other.class_names, ", "));
}

void check_split(const Dataset& split, const std::string& name, const Dataset& train_set,
                 const fs::path& data) {
  check_same_classes(split, train_set, data);
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
