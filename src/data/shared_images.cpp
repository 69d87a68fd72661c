#include "data/shared_images.h"

#include <fmt/format.h>

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

void warn_of_shared_images(const Dataset& first, const Dataset& second, Monitor& monitor) {
  const SharedImages shared = shared_images(first, second);
  if (shared.count == 0) return;
  monitor.warning(fmt::format(
      "data: {} of {} images of split '{}' are in '{}' too ({} has the bytes of {}); results on them "
      "say little about unseen images",
      shared.count, second.images.size(), second.split, first.split, shared.second.string(),
      shared.first.string()));
}

}  // namespace y6q::data
