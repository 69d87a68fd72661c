#pragma once

#include <vector>

#include "coco/dataset.h"

namespace y6q::pipeline {

/// The mistakes of a detector in one image.
struct ImageErrors {
  int64_t image_id = 0;
  int64_t false_positives = 0, missed = 0;
  int64_t sum() const { return false_positives + missed; }
};

/// All images of the truth, most mistakes first, equals in the truth's order. A detection of at least `score`
/// takes the free object of its class with the highest IoU of at least 0.5, best detection first; crowd
/// regions are not asked for, and who lies in one is no mistake.
std::vector<ImageErrors> worst_images(const coco::GroundTruth& truth, const coco::Detections& detections,
                                      double score);

}  // namespace y6q::pipeline
