#include "coco/prepare.h"

#include <algorithm>
#include <cmath>

#include "base/errors.h"
#include "base/threads.h"

namespace y6q::coco {
namespace {

std::vector<double> checked_thresholds(const Options& options) {
  if (options.iou_thresholds.empty()) return linspace(0.5, 0.95, 10);
  const auto& given = options.iou_thresholds;
  const bool in_range = std::all_of(given.begin(), given.end(), [](double t) { return t > 0 && t <= 1; });
  if (given.size() > kMaxThresholds || !in_range || !std::is_sorted(given.begin(), given.end())) {
    throw UsageError("coco: IoU thresholds must be ascending, in (0, 1], at most {}", kMaxThresholds);
  }
  return given;
}

void check_max_dets(const Options& options) {
  const auto& given = options.max_dets;
  if (given.empty() || given.front() < 1 || !std::is_sorted(given.begin(), given.end())) {
    throw UsageError("coco: the numbers of detections (max_dets) must be ascending and at least 1");
  }
}

void check_areas(const Options& options) {
  for (const AreaRange& area : options.areas) {
    if (area.low <= area.high) continue;
    throw UsageError("coco: the area range {} to {} is empty; square pixels, low before high, are accepted",
                     area.low, area.high);
  }
}

/// The requested ids, or all of them; throws for one that does not exist.
IdIndex subset(const std::vector<int64_t>& requested, IdIndex all, const char* kind) {
  if (requested.empty()) return all;
  for (const int64_t id : requested) {
    if (all.find(id) == IdIndex::kAbsent)
      throw InputError("coco: {} {} is not in the ground truth", kind, id);
  }
  return IdIndex(requested);
}

void check_truth(const GroundTruth& truth) {
  if (truth.images.empty()) throw InputError("coco: the ground truth has no images");
  if (truth.categories.empty()) throw InputError("coco: the ground truth has no categories");
  if (truth.size() > UINT32_MAX || truth.images.size() > INT32_MAX || truth.categories.size() > INT32_MAX) {
    throw InputError("coco: the ground truth has more than 2^31 entries");
  }
}

void check_detections(const Detections& detections, const IdIndex& images) {
  if (detections.size() > UINT32_MAX)
    throw InputError("coco: {}: more than 2^32 detections", detections.source);
  for (size_t i = 0; i < detections.size(); ++i) {
    const BoxXywh& box = detections.box[i];
    if (!std::isfinite(detections.score[i]) || !std::isfinite(box.x + box.y + box.w + box.h)) {
      throw InputError("coco: {}, detection {}: score or box is not finite", detections.source, i);
    }
    if (i && detections.image_id[i] == detections.image_id[i - 1]) continue;
    if (images.find(detections.image_id[i]) == IdIndex::kAbsent) {
      throw InputError("coco: {}, detection {}: image_id {} is not among the {} images of the ground truth",
                       detections.source, i, detections.image_id[i], images.size());
    }
  }
}

}  // namespace

std::vector<double> linspace(double low, double high, int count) {
  const double step = (high - low) / (count - 1);
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(i == count - 1 ? high : i * step + low);
  return values;
}

Case::Case(const GroundTruth& ground_truth, const Detections& found, const Options& chosen)
    : truth(ground_truth), detections(found), options(chosen) {
  check_max_dets(options);
  check_areas(options);
  check_truth(truth);
  iou_thresholds = checked_thresholds(options);
  std::vector<int64_t> category_ids;
  for (const Category& category : truth.categories) category_ids.push_back(category.id);
  const IdIndex all_images(truth.images);
  check_detections(detections, all_images);
  images = subset(options.image_ids, all_images, "image");
  categories = subset(options.category_ids, IdIndex(std::move(category_ids)), "category");
  truth_groups = group(truth.image_id, truth.category_id, images, categories);
  detection_groups = group(detections.image_id, detections.category_id, images, categories);
}

MatchInput Case::match_input() const {
  return {truth,          detections,
          truth_groups,   detection_groups,
          iou_thresholds, options.max_dets.back(),
          options.areas,  options.use_ignore};
}

std::vector<CategoryMatches> Case::match_all() const {
  std::vector<CategoryMatches> all(categories.size());
  const MatchInput input = match_input();
  parallel_for(std::ssize(all), options.threads, [&](int64_t k) {
    all[static_cast<size_t>(k)] = match_category(input, static_cast<size_t>(k));
  });
  return all;
}

}  // namespace y6q::coco
