#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coco/prepare.h"

namespace y6q::coco {

/// The other order of the same data: everything of an image, whatever its class.
class ByImage {
 public:
  struct Found {
    uint32_t category;   ///< position
    uint32_t detection;  ///< position in that category's matches
    double score;
  };
  struct Object {
    uint32_t category;  ///< position
    uint32_t entry;     ///< of the ground truth
  };
  /// matches: of every category of the case.
  ByImage(const Case& prepared, std::span<const CategoryMatches> matches);

  size_t image_count() const { return found_begin_.size() - 1; }
  /// Best score first; equals by category, then in their order.
  std::span<const Found> found(size_t image) const;
  /// Wanted objects and others: crowd regions and ignored ones. By category, in their order.
  std::span<const Object> objects(size_t image) const;

 private:
  std::vector<size_t> found_begin_, object_begin_;
  std::vector<Found> found_;
  std::vector<Object> objects_;
};

}  // namespace y6q::coco
