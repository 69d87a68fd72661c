#pragma once

#include <optional>
#include <string>

#include "eval/coco_analysis.h"
#include "eval/coco_bootstrap.h"
#include "eval/coco_eval.h"
#include "report/html.h"

namespace y6q::stages {

struct CocoPageInputs {
  std::string truth, detections, other;  ///< names of the files; other: of --compare
  const eval::CocoResult& result;
  const eval::CocoAnalysis& analysis;
  const std::optional<eval::BootstrapResult>& bootstrap;
  const std::optional<eval::ComparisonResult>& comparison;
  double confidence = 0.95;
};

/// The evaluation in pictures: numbers, precision over recall, classes, confusions, errors, comparison.
report::Page coco_page(const CocoPageInputs& inputs);

}  // namespace y6q::stages
