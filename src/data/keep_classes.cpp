#include "data/keep_classes.h"

#include <fmt/ranges.h>

#include "base/class_names.h"

namespace y6q::data {

KeptClasses keep_classes(const std::vector<std::string>& wanted, Draft& draft) {
  if (wanted.empty()) return {};
  const std::vector<int64_t> kept = find_classes(wanted, draft.class_names);
  KeptClasses result{{}, fmt::format("classes {}\n", fmt::join(kept, " "))};
  std::vector<int64_t> place(draft.class_names.size(), -1), ids;
  std::vector<std::string> names;
  for (const int64_t label : kept) {
    const auto old = static_cast<size_t>(label);
    place[old] = std::ssize(names);
    names.push_back(draft.class_names[old]);
    ids.push_back(draft.category_ids[old]);
  }
  for (size_t i = 0; i < place.size(); ++i) {
    if (place[i] < 0) result.others.push_back(draft.class_names[i]);
  }
  if (result.others.empty()) return {};
  // False: an object of a class that is left out.
  const auto move = [&](int64_t& label) { return (label = place[static_cast<size_t>(label)]) >= 0; };
  for (DraftSample& sample : draft.samples) {
    std::erase_if(sample.labels, [&](Label& object) { return !move(object.label); });
    std::erase_if(sample.boxes, [&](DraftSample::PixelBox& object) { return !move(object.box.label); });
  }
  draft.class_names = std::move(names);
  draft.category_ids = std::move(ids);
  return result;
}

}  // namespace y6q::data
