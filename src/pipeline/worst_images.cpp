#include "pipeline/worst_images.h"

#include <algorithm>
#include <map>
#include <optional>

#include "coco/match.h"

namespace y6q::pipeline {
namespace {

constexpr double kIou = 0.5;

/// Positions by image.
std::map<int64_t, std::vector<size_t>> by_image(const std::vector<int64_t>& image_id) {
  std::map<int64_t, std::vector<size_t>> found;
  for (size_t i = 0; i < image_id.size(); ++i) found[image_id[i]].push_back(i);
  return found;
}

/// The free object that a detection takes, or a crowd region that it lies in; nullopt: neither.
std::optional<size_t> taken_by(size_t detection, const coco::Detections& detections,
                               const coco::GroundTruth& truth, const std::vector<size_t>& objects,
                               const std::vector<bool>& is_taken) {
  std::optional<size_t> best;
  double best_iou = kIou;
  for (size_t i = 0; i < objects.size(); ++i) {
    const size_t object = objects[i];
    if (truth.category_id[object] != detections.category_id[detection] || is_taken[i]) continue;
    const double iou = coco::coco_iou(detections.box[detection], truth.box[object], truth.crowd[object] != 0);
    if (iou >= best_iou) best = i, best_iou = iou;
  }
  return best;
}

}  // namespace

std::vector<ImageErrors> worst_images(const coco::GroundTruth& truth, const coco::Detections& detections,
                                      double score) {
  const auto objects_of = by_image(truth.image_id);
  auto detections_of = by_image(detections.image_id);
  std::vector<ImageErrors> images;
  for (const int64_t id : truth.images) {
    ImageErrors& image = images.emplace_back(ImageErrors{.image_id = id});
    const auto at = objects_of.find(id);
    const std::vector<size_t> objects = at == objects_of.end() ? std::vector<size_t>{} : at->second;
    std::vector<size_t>& found = detections_of[id];
    std::ranges::stable_sort(found, std::ranges::greater{}, [&](size_t i) { return detections.score[i]; });
    std::vector<bool> is_taken(objects.size(), false);
    for (const size_t i : found) {
      if (detections.score[i] < score) break;
      const auto taken = taken_by(i, detections, truth, objects, is_taken);
      if (!taken) {
        ++image.false_positives;
      } else if (truth.crowd[objects[*taken]] == 0) {
        is_taken[*taken] = true;
      }
    }
    for (size_t i = 0; i < objects.size(); ++i) image.missed += !is_taken[i] && truth.crowd[objects[i]] == 0;
  }
  std::ranges::stable_sort(images, std::ranges::greater{}, &ImageErrors::sum);
  return images;
}

}  // namespace y6q::pipeline
