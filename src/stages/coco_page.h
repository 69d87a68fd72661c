#pragma once

#include <optional>
#include <string>

#include "coco/analysis.h"
#include "coco/bootstrap.h"
#include "coco/evaluate.h"
#include "report/html.h"

namespace y6q::stages {

struct CocoPageInputs {
  std::string truth, detections, other;  ///< names of the files; other: of --compare
  const coco::Result& result;
  const coco::Analysis& analysis;
  const std::optional<coco::BootstrapResult>& bootstrap;
  const std::optional<coco::ComparisonResult>& comparison;
  double confidence = 0.95;
};

/// Its parts, for other pages. Precision at each recall, mean of the classes at one of the result's IoU
/// thresholds (its position), or nothing: at all of them.
report::LineChart::Series precision_curve(const coco::Result& result, const std::string& name,
                                          std::optional<size_t> threshold);
report::HeatMap confusion_map(const coco::Analysis& analysis);

/// The evaluation in pictures: numbers, precision over recall, classes, confusions, errors, comparison.
report::Page coco_page(const CocoPageInputs& inputs);

}  // namespace y6q::stages
