#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/files.h"

namespace y6q::data {

struct CocoImage {
  int64_t id = 0;
  std::string file_name;
  int64_t height = 0, width = 0;  ///< 0 when not stated
};

struct CocoAnnotation {
  int64_t id = 0, image_id = 0, category_id = 0;
  double x = 0, y = 0, w = 0, h = 0;  ///< pixels
  bool crowd = false;
};

struct Category {
  int64_t id = 0;
  std::string name;
};

struct CocoInstances {
  std::vector<CocoImage> images;
  std::vector<CocoAnnotation> annotations;
  std::vector<Category> categories;  ///< by ascending id
};

/// Reads an instances_*.json; keys in any order, other keys ignored. Throws InputError with path and byte
/// offset on malformed JSON or a missing member, and for ids that occur twice.
CocoInstances read_coco_instances(const fs::path& path);

}  // namespace y6q::data
