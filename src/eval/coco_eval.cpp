#include "eval/coco_eval.h"

#include <algorithm>
#include <cmath>

#include "base/errors.h"
#include "base/threads.h"
#include "eval/coco_accumulate.h"
#include "eval/coco_group.h"
#include "eval/coco_match.h"

namespace y6q::eval {
namespace {

/// `count` equal steps from low to high, with the rounding of numpy.linspace: 0.9 is 0.8999999999999999, and
/// it decides about boxes whose IoU is 0.9.
std::vector<double> linspace(double low, double high, int count) {
  const double step = (high - low) / (count - 1);
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(i == count - 1 ? high : i * step + low);
  return values;
}

std::vector<double> checked_thresholds(const CocoOptions& options) {
  if (options.iou_thresholds.empty()) return linspace(0.5, 0.95, 10);
  const auto& given = options.iou_thresholds;
  const bool in_range = std::all_of(given.begin(), given.end(), [](double t) { return t > 0 && t <= 1; });
  if (given.size() > kMaxThresholds || !in_range || !std::is_sorted(given.begin(), given.end())) {
    throw UsageError("coco: IoU thresholds must be ascending, in (0, 1], at most {}", kMaxThresholds);
  }
  return given;
}

void check_max_dets(const CocoOptions& options) {
  const auto& given = options.max_dets;
  if (given.empty() || given.front() < 1 || !std::is_sorted(given.begin(), given.end())) {
    throw UsageError("coco: the numbers of detections (max_dets) must be ascending and at least 1");
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

void check_truth(const CocoGroundTruth& truth) {
  if (truth.images.empty()) throw InputError("coco: the ground truth has no images");
  if (truth.categories.empty()) throw InputError("coco: the ground truth has no categories");
  if (truth.size() > UINT32_MAX || truth.images.size() > INT32_MAX || truth.categories.size() > INT32_MAX) {
    throw InputError("coco: the ground truth has more than 2^31 entries");
  }
}

void check_detections(const CocoDetections& detections, const IdIndex& images) {
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

CocoResult empty_result(const CocoGroundTruth& truth, const IdIndex& categories, const CocoOptions& options) {
  CocoResult result;
  result.iou_thresholds = checked_thresholds(options);
  result.recall_thresholds = linspace(0, 1, 101);
  result.max_dets = options.max_dets;
  result.classes.resize(categories.size());
  for (const CocoCategory& category : truth.categories) {
    const int32_t at = categories.find(category.id);
    if (at != IdIndex::kAbsent) result.classes[static_cast<size_t>(at)].category = category;
  }
  const size_t cells = result.iou_thresholds.size() * categories.size() * kAreaCount * result.max_dets.size();
  result.recall.assign(cells, -1);
  result.precision.assign(cells * result.recall_thresholds.size(), -1);
  result.scores = result.precision;
  return result;
}

}  // namespace

CocoResult evaluate_coco(const CocoGroundTruth& truth, const CocoDetections& detections,
                         const CocoOptions& options) {
  check_max_dets(options);
  check_truth(truth);
  std::vector<int64_t> category_ids;
  for (const CocoCategory& category : truth.categories) category_ids.push_back(category.id);
  const IdIndex all_images(truth.images);
  check_detections(detections, all_images);
  const IdIndex images = subset(options.image_ids, all_images, "image");
  const IdIndex categories = subset(options.category_ids, IdIndex(std::move(category_ids)), "category");

  CocoResult result = empty_result(truth, categories, options);
  result.images = static_cast<int64_t>(images.size());
  const Groups truth_groups = group(truth.image_id, truth.category_id, images, categories);
  const Groups detection_groups = group(detections.image_id, detections.category_id, images, categories);
  const MatchInput input{
      truth, detections, truth_groups, detection_groups, result.iou_thresholds, options.max_dets.back()};
  // Categories write to different places of the result, so that the order of threads does not matter.
  parallel_for(static_cast<int64_t>(categories.size()), options.threads, [&](int64_t k) {
    const auto category = static_cast<size_t>(k);
    const CategoryMatches matches = match_category(input, category);
    result.classes[category].objects = matches.positives[0];
    result.classes[category].detections = std::ssize(matches.score);
    accumulate_category(matches, category, result);
  });
  summarize(result);
  return result;
}

CocoResult evaluate_coco(const CocoGroundTruth& truth, std::span<const ImageDetections> images,
                         std::span<const int64_t> category_ids, const CocoOptions& options) {
  return evaluate_coco(truth, to_coco_detections(images, category_ids), options);
}

}  // namespace y6q::eval
