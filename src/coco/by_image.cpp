#include "coco/by_image.h"

#include <algorithm>
#include <numeric>

namespace y6q::coco {
namespace {

/// Puts values into image order, stable; returns where each image begins. each(emit): calls emit(image,
/// value).
template <typename Value, typename Each>
std::vector<size_t> distribute(size_t images, std::vector<Value>& out, const Each& each) {
  std::vector<size_t> begin(images + 1, 0);
  each([&](int32_t image, const Value&) { ++begin[static_cast<size_t>(image) + 1]; });
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  out.resize(begin.back());
  std::vector<size_t> next(begin.begin(), begin.end() - 1);
  each([&](int32_t image, const Value& value) { out[next[static_cast<size_t>(image)]++] = value; });
  return begin;
}

}  // namespace

ByImage::ByImage(const Case& prepared, std::span<const CategoryMatches> matches) {
  const size_t images = prepared.images.size();
  found_begin_ = distribute(images, found_, [&](const auto& emit) {
    for (size_t k = 0; k < matches.size(); ++k) {
      for (size_t d = 0; d < matches[k].score.size(); ++d) {
        emit(matches[k].image[d],
             Found{static_cast<uint32_t>(k), static_cast<uint32_t>(d), matches[k].score[d]});
      }
    }
  });
  for (size_t i = 0; i < images; ++i) {
    std::stable_sort(found_.begin() + static_cast<std::ptrdiff_t>(found_begin_[i]),
                     found_.begin() + static_cast<std::ptrdiff_t>(found_begin_[i + 1]),
                     [](const Found& a, const Found& b) { return a.score > b.score; });
  }
  const Groups& groups = prepared.truth_groups;
  object_begin_ = distribute(images, objects_, [&](const auto& emit) {
    for (size_t k = 0; k + 1 < groups.category_begin.size(); ++k) {
      for (size_t g = groups.category_begin[k]; g < groups.category_begin[k + 1]; ++g)
        emit(groups.image[g], Object{static_cast<uint32_t>(k), groups.entry[g]});
    }
  });
}

std::span<const ByImage::Found> ByImage::found(size_t image) const {
  return std::span(found_).subspan(found_begin_[image], found_begin_[image + 1] - found_begin_[image]);
}

std::span<const ByImage::Object> ByImage::objects(size_t image) const {
  return std::span(objects_).subspan(object_begin_[image], object_begin_[image + 1] - object_begin_[image]);
}

}  // namespace y6q::coco
