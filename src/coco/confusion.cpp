#include "coco/confusion.h"

#include "coco/by_image.h"

namespace y6q::coco {
namespace {

constexpr size_t kNone = SIZE_MAX;

/// Objects of one image and which of them are taken.
class Scene {
 public:
  Scene(const Case& prepared, const MatchInput& input, std::span<const ByImage::Object> objects)
      : case_(prepared), input_(input), objects_(objects), taken_(objects.size(), false) {}

  /// Takes the best free wanted object; kNone without one.
  size_t take(uint32_t entry, uint32_t category) {
    double best = case_.iou_thresholds.front();
    size_t match = kNone;
    for (size_t g = 0; g < objects_.size(); ++g) {
      if (taken_[g] || !input_.is_wanted(objects_[g].entry)) continue;
      const double iou = iou_with(entry, g);
      const bool better = iou > best || (iou == best && (match == kNone || objects_[g].category == category));
      if (better) best = iou, match = g;
    }
    if (match != kNone) taken_[match] = true;
    return match;
  }

  /// On a crowd region or an ignored object of its class.
  bool is_excused(uint32_t entry, uint32_t category) const {
    for (size_t g = 0; g < objects_.size(); ++g) {
      const bool other = objects_[g].category != category || input_.is_wanted(objects_[g].entry);
      if (!other && iou_with(entry, g) >= case_.iou_thresholds.front()) return true;
    }
    return false;
  }

  bool is_missed(size_t g) const { return !taken_[g] && input_.is_wanted(objects_[g].entry); }

 private:
  double iou_with(uint32_t entry, size_t g) const {
    const uint32_t object = objects_[g].entry;
    return coco_iou(case_.detections.box[entry], case_.truth.box[object], case_.truth.crowd[object]);
  }

  const Case& case_;
  const MatchInput& input_;
  std::span<const ByImage::Object> objects_;
  std::vector<bool> taken_;
};

}  // namespace

ConfusionMatrix confusion_matrix(const Case& prepared, std::span<const CategoryMatches> matches,
                                 double min_score) {
  const size_t classes = matches.size();
  ConfusionMatrix matrix{classes, std::vector<int64_t>((classes + 1) * (classes + 1), 0)};
  const auto count = [&](size_t truth, size_t found) { ++matrix.counts[truth * (classes + 1) + found]; };
  const ByImage by_image(prepared, matches);
  const MatchInput input = prepared.match_input();
  for (size_t image = 0; image < by_image.image_count(); ++image) {
    const auto objects = by_image.objects(image);
    Scene scene(prepared, input, objects);
    for (const auto& found : by_image.found(image)) {
      if (found.score < min_score) break;
      const uint32_t entry = matches[found.category].entry[found.detection];
      const size_t match = scene.take(entry, found.category);
      if (match != kNone) {
        count(objects[match].category, found.category);
      } else if (!scene.is_excused(entry, found.category)) {
        count(classes, found.category);
      }
    }
    for (size_t g = 0; g < objects.size(); ++g) {
      if (scene.is_missed(g)) count(objects[g].category, classes);
    }
  }
  return matrix;
}

}  // namespace y6q::coco
