#pragma once

#include "train/assignment.h"

namespace y6q::train {

struct AtssOptions {
  int64_t candidates_per_level = 9;
};

/// Adaptive training sample selection (arXiv 1912.02424, as in spec/02 §5.1). Per level the anchors nearest
/// to the object's centre (lowest index of equals; all when the level has fewer) are candidates; positive are
/// those whose square overlaps the object by more than mean + standard deviation of all candidates and whose
/// centre lies inside. Score: overlap of the object and the predicted box.
Assignment assign_atss(const AnchorGrid& grid, std::span<const GroundTruth> truths,
                       const ImagePredictions& predicted, const AtssOptions& options = {});

}  // namespace y6q::train
