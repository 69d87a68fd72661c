#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace y6q::coco {

/// Ids -> their positions in ascending order.
class IdIndex {
 public:
  IdIndex() = default;
  explicit IdIndex(std::vector<int64_t> ids);  ///< any order, repeated ones count once
  static constexpr int32_t kAbsent = -1;
  int32_t find(int64_t id) const;
  const std::vector<int64_t>& ids() const { return ids_; }
  size_t size() const { return ids_.size(); }

 private:
  std::vector<int64_t> ids_;
};

/// Entries (annotations or detections) by category, within it by image, within that in their own order.
struct Groups {
  std::vector<uint32_t> entry;         ///< entry numbers in that order
  std::vector<int32_t> image;          ///< image position of each
  std::vector<size_t> category_begin;  ///< [categories + 1] positions in entry
};

/// Entries whose image or category is absent are left out. Counting sort: linear.
Groups group(std::span<const int64_t> image_id, std::span<const int64_t> category_id, const IdIndex& images,
             const IdIndex& categories);

}  // namespace y6q::coco
