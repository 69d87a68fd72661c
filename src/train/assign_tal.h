#pragma once

#include "train/assignment.h"

namespace y6q::train {

struct TalOptions {
  int64_t candidates = 13;
  double score_power = 1, overlap_power = 6;  ///< alpha, beta
};

/// Task-aligned assignment (arXiv 2108.07755, as in spec/02 §5.2). Positive are the anchors inside the object
/// with the greatest score^alpha * IoU^beta (lowest index of equals); their target scores are that metric,
/// scaled so that the object's best one gets the object's best IoU.
Assignment assign_tal(const AnchorGrid& grid, std::span<const GroundTruth> truths,
                      const ImagePredictions& predicted, const TalOptions& options = {});

}  // namespace y6q::train
