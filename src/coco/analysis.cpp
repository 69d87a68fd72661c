#include "coco/analysis.h"

#include "base/errors.h"

namespace y6q::coco {

Analysis analyse(const GroundTruth& truth, const Detections& detections, const Options& coco,
                 const AnalysisOptions& options) {
  if (!(options.background_iou > 0 && options.background_iou < options.iou)) {
    throw UsageError("coco: background IoU {} and IoU {}; 0 < background IoU < IoU <= 1 is accepted",
                     options.background_iou, options.iou);
  }
  Options at_one_iou = coco;
  at_one_iou.iou_thresholds = {options.iou};
  const Case prepared(truth, detections, at_one_iou);
  const std::vector<CategoryMatches> matches = prepared.match_all();

  Analysis result;
  result.iou = options.iou;
  result.background_iou = options.background_iou;
  result.best = best_f1(matches);
  result.used = options.min_score ? operating_point(matches, *options.min_score) : result.best;
  result.classes.resize(matches.size());
  for (const Category& category : truth.categories) {
    const int32_t at = prepared.categories.find(category.id);
    if (at != IdIndex::kAbsent) result.classes[static_cast<size_t>(at)] = category;
  }
  for (const CategoryMatches& category : matches) result.best_of.push_back(best_f1({&category, 1}));
  result.confusion = confusion_matrix(prepared, matches, result.used.score);

  const ErrorOptions all{.background_iou = options.background_iou};
  result.costs = error_costs(prepared, matches, find_errors(prepared, matches, all));
  const ErrorList kept = find_errors(
      prepared, matches, {.background_iou = options.background_iou, .min_score = result.used.score});
  result.errors.resize(matches.size());
  for (const DetectionError& error : kept.errors)
    ++result.errors[error.category][static_cast<size_t>(error.kind)];
  for (const uint32_t k : kept.missed_category) ++result.errors[k][static_cast<size_t>(ErrorKind::kMissed)];
  return result;
}

}  // namespace y6q::coco
