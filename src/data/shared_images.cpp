#include "data/shared_images.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace y6q::data {

SharedImages shared_images(const Dataset& first, const Dataset& second) {
  std::unordered_map<std::string_view, const ImageRecord*> of_content;
  for (const ImageRecord& record : first.images) of_content.emplace(record.sha256, &record);
  SharedImages shared;
  for (const ImageRecord& record : second.images) {
    const auto found = of_content.find(record.sha256);
    if (found == of_content.end()) continue;
    if (shared.count++ == 0) shared = {1, found->second->path, record.path};
  }
  return shared;
}

void warn_of_shared_images(std::span<const Dataset* const> splits, Monitor& monitor) {
  std::vector<const Dataset*> seen;
  for (const Dataset* second : splits) {
    if (std::ranges::any_of(seen, [&](const Dataset* other) { return other->split == second->split; }))
      continue;
    for (const Dataset* first : seen) {
      const SharedImages shared = shared_images(*first, *second);
      if (shared.count == 0) continue;
      monitor.message(
          fmt::format("data: warning: {} of {} images of split '{}' are in '{}' too ({} has the bytes of "
                      "{}); results on them "
                      "say little about unseen images",
                      shared.count, second->images.size(), second->split, first->split,
                      shared.second.string(), shared.first.string()));
    }
    seen.push_back(second);
  }
}

}  // namespace y6q::data
