#include "coco/group.h"

#include <algorithm>
#include <numeric>

namespace y6q::coco {
namespace {

/// Stable counting sort of positions by key; returns where each key begins ([keys + 1]).
std::vector<size_t> sort_by_key(std::span<const int32_t> key, size_t keys, std::span<const uint32_t> in,
                                std::span<uint32_t> out) {
  std::vector<size_t> begin(keys + 1, 0);
  for (const uint32_t i : in) ++begin[static_cast<size_t>(key[i]) + 1];
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  std::vector<size_t> next(begin.begin(), begin.end() - 1);
  for (const uint32_t i : in) out[next[static_cast<size_t>(key[i])]++] = i;
  return begin;
}

}  // namespace

IdIndex::IdIndex(std::vector<int64_t> ids) : ids_(std::move(ids)) {
  std::sort(ids_.begin(), ids_.end());
  ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
}

int32_t IdIndex::find(int64_t id) const {
  const auto at = std::lower_bound(ids_.begin(), ids_.end(), id);
  return at != ids_.end() && *at == id ? static_cast<int32_t>(at - ids_.begin()) : kAbsent;
}

Groups group(std::span<const int64_t> image_id, std::span<const int64_t> category_id, const IdIndex& images,
             const IdIndex& categories) {
  const size_t count = image_id.size();
  std::vector<int32_t> image(count), category(count);
  std::vector<uint32_t> known;
  known.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    // Files are mostly ordered by image: looking at the last one saves most searches.
    image[i] = i && image_id[i] == image_id[i - 1] ? image[i - 1] : images.find(image_id[i]);
    category[i] = categories.find(category_id[i]);
    if (image[i] != IdIndex::kAbsent && category[i] != IdIndex::kAbsent)
      known.push_back(static_cast<uint32_t>(i));
  }
  std::vector<uint32_t> by_image(known.size());
  sort_by_key(image, images.size(), known, by_image);
  Groups groups;
  groups.entry.resize(known.size());
  groups.category_begin = sort_by_key(category, categories.size(), by_image, groups.entry);
  groups.image.resize(known.size());
  std::transform(groups.entry.begin(), groups.entry.end(), groups.image.begin(),
                 [&](uint32_t i) { return image[i]; });
  return groups;
}

}  // namespace y6q::coco
