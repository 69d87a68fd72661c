#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "detect/box.h"

namespace y6q::coco {

/// Pixels: x right, y down, (x, y) the upper left corner. COCO's order.
struct BoxXywh {
  double x = 0, y = 0, w = 0, h = 0;
};

struct Category {
  int64_t id = 0;
  std::string name;
};

/// What a detector should find. Ids are any int64, in any order; annotations of unknown images or categories
/// take no part in the evaluation.
struct GroundTruth {
  std::vector<int64_t> images;       ///< ids of all images, with and without objects
  std::vector<Category> categories;  ///< all that exist
  /// One entry an annotation:
  std::vector<int64_t> image_id, category_id;
  std::vector<BoxXywh> box;
  std::vector<double> area;     ///< square pixels of the object, decides small / medium / large
  std::vector<uint8_t> crowd;   ///< 1: a region of many objects, neither hit nor miss
  std::vector<uint8_t> ignore;  ///< 1: flagged "ignore"; heeded only with Options::use_ignore

  size_t size() const { return image_id.size(); }
  /// area < 0: width * height.
  void add(int64_t image, int64_t category, const BoxXywh& object, double object_area = -1,
           bool is_crowd = false);
};

/// What a detector found; entries of equal score keep their order.
struct Detections {
  std::string source = "detections";  ///< for messages: the file they come from
  std::vector<int64_t> image_id, category_id;
  std::vector<BoxXywh> box;
  std::vector<double> score;

  size_t size() const { return image_id.size(); }
  void add(int64_t image, int64_t category, const BoxXywh& object, double object_score);
};

/// Detections of one image in its own pixels; label is a position in a list of category ids.
struct ImageDetections {
  int64_t image_id = 0;
  std::vector<detect::Detection> detections;
};

/// Reads COCO "instances" JSON: images, categories, annotations; segmentations are skipped. An annotation
/// without area gets width * height. Throws InputError with path and annotation number or byte offset. Files
/// up to 4 GB; numbers of boxes at most 1e9 in magnitude.
GroundTruth read_ground_truth(const fs::path& path);
/// The same of text in memory; name: for messages.
GroundTruth parse_ground_truth(std::string_view text, const fs::path& name);

/// Reads COCO result JSON: an array of {image_id, category_id, bbox, score}. Errors as above.
Detections read_detections(const fs::path& path);
Detections parse_detections(std::string_view text, const fs::path& name);

/// category_ids: the category of each label. Throws InternalError when a label has none.
Detections to_detections(std::span<const ImageDetections> images, std::span<const int64_t> category_ids);

/// Boxes to 3 decimals, scores to 5, as the reference writes them (spec/05 §8.1).
void round_as_reference(Detections& detections);

struct WriteDetectionsOptions {
  /// true: as round_as_reference. false: every digit.
  bool rounded = false;
};

/// Writes COCO result JSON, atomically, in the order given.
void write_detections(const fs::path& path, const Detections& detections,
                      const WriteDetectionsOptions& options = {});

}  // namespace y6q::coco
