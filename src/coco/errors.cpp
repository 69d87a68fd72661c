#include "coco/errors.h"

#include <unordered_set>

#include "coco/by_image.h"

namespace y6q::coco {
namespace {

constexpr uint32_t kNoObject = CategoryMatches::kNoObject;

struct Nearest {
  double iou = 0;
  uint32_t object = kNoObject;
  void offer(double value, uint32_t entry) {
    if (value > iou) iou = value, object = entry;
  }
};

/// Which mistake it is, and about which object.
DetectionError judge(const Nearest& same, const Nearest& other, double foreground, double background) {
  if (same.iou >= background && same.iou < foreground) return {ErrorKind::kLocalisation, 0, 0, same.object};
  if (other.iou >= foreground) return {ErrorKind::kClass, 0, 0, other.object};
  if (same.iou >= foreground) return {ErrorKind::kDuplicate, 0, 0, kNoObject};
  if (std::max(same.iou, other.iou) < background) return {ErrorKind::kBackground, 0, 0, kNoObject};
  return {ErrorKind::kBoth, 0, 0, kNoObject};
}

/// One image at a time.
class Inspector {
 public:
  Inspector(const Case& prepared, std::span<const CategoryMatches> matches, const ErrorOptions& options)
      : case_(prepared), matches_(matches), options_(options), by_image_(prepared, matches) {}

  ErrorList all() {
    for (size_t image = 0; image < by_image_.image_count(); ++image) inspect(image);
    return std::move(list_);
  }

 private:
  void inspect(size_t image) {
    explained_.clear();
    const MatchInput input = case_.match_input();
    for (const auto& found : by_image_.found(image)) {
      if (found.score < options_.min_score) break;
      const CategoryMatches& matches = matches_[found.category];
      if (matches.hit[0][found.detection] & 1) {
        explained_.insert(matches.object[found.detection]);
      } else if (!(matches.ignored[0][found.detection] & 1)) {
        add_error(found, matches.entry[found.detection], by_image_.objects(image), input);
      }
    }
    for (const auto& object : by_image_.objects(image)) {
      const bool counts =
          input.is_wanted(object.entry) && input.areas[0].contains(case_.truth.area[object.entry]);
      if (!counts || explained_.contains(object.entry)) continue;
      list_.missed.push_back(object.entry);
      list_.missed_category.push_back(object.category);
    }
  }

  void add_error(const ByImage::Found& found, uint32_t entry, std::span<const ByImage::Object> objects,
                 const MatchInput& input) {
    Nearest same, other;
    for (const auto& object : objects) {
      if (!input.is_wanted(object.entry)) continue;
      const double iou = coco_iou(case_.detections.box[entry], case_.truth.box[object.entry], false);
      (object.category == found.category ? same : other).offer(iou, object.entry);
    }
    DetectionError error = judge(same, other, case_.iou_thresholds.front(), options_.background_iou);
    error.category = found.category;
    error.detection = found.detection;
    if (error.object != kNoObject) explained_.insert(error.object);
    list_.errors.push_back(error);
  }

  const Case& case_;
  std::span<const CategoryMatches> matches_;
  const ErrorOptions& options_;
  ByImage by_image_;
  ErrorList list_;
  std::unordered_set<uint32_t> explained_;  // objects of this image that are found or nearly
};

}  // namespace

ErrorList find_errors(const Case& prepared, std::span<const CategoryMatches> matches,
                      const ErrorOptions& options) {
  return Inspector(prepared, matches, options).all();
}

}  // namespace y6q::coco
