#pragma once

#include "data/dataset.h"
#include "pipeline/judged.h"
#include "report/html.h"

namespace y6q::pipeline {

/// The images where the engine makes most mistakes: their labels, and what float and engine find at the score
/// of their best F1, side by side. Reads those images.
report::Gallery worst_gallery(const Compared& compared, const coco::GroundTruth& truth,
                              const data::Dataset& dataset);

}  // namespace y6q::pipeline
