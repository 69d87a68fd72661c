#include "coco/evaluate.h"

#include "base/threads.h"
#include "coco/accumulate.h"
#include "coco/match.h"
#include "coco/prepare.h"

namespace y6q::coco {
namespace {

Result empty_result(const Case& prepared) {
  const IdIndex& categories = prepared.categories;
  Result result;
  result.iou_thresholds = prepared.iou_thresholds;
  result.recall_thresholds = linspace(0, 1, 101);
  result.max_dets = prepared.options.max_dets;
  result.classes.resize(categories.size());
  for (const Category& category : prepared.truth.categories) {
    const int32_t at = categories.find(category.id);
    if (at != IdIndex::kAbsent) result.classes[static_cast<size_t>(at)].category = category;
  }
  result.images = static_cast<int64_t>(prepared.images.size());
  const size_t cells = result.iou_thresholds.size() * categories.size() * kAreaCount * result.max_dets.size();
  result.recall.assign(cells, -1);
  result.precision.assign(cells * result.recall_thresholds.size(), -1);
  result.scores = result.precision;
  return result;
}

}  // namespace

Result evaluate(const GroundTruth& truth, const Detections& detections, const Options& options) {
  const Case prepared(truth, detections, options);
  Result result = empty_result(prepared);
  const MatchInput input = prepared.match_input();
  // Categories write to different places of the result, so that the order of threads does not matter.
  parallel_for(std::ssize(result.classes), options.threads, [&](int64_t k) {
    const auto category = static_cast<size_t>(k);
    const CategoryMatches matches = match_category(input, category);
    result.classes[category].objects = matches.positives[0];
    result.classes[category].detections = std::ssize(matches.score);
    accumulate_category(matches, category, result);
  });
  summarize(result);
  return result;
}

Result evaluate(const GroundTruth& truth, std::span<const ImageDetections> images,
                std::span<const int64_t> category_ids, const Options& options) {
  return evaluate(truth, to_detections(images, category_ids), options);
}

}  // namespace y6q::coco
