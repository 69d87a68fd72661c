#pragma once

#include "base/files.h"
#include "coco/evaluate.h"

namespace y6q::coco {

/// Writes precision.npy and scores.npy [thresholds, 101, classes, 4 areas, max_dets] and recall.npy
/// [thresholds, classes, 4 areas, max_dets] for numpy.load: float64, C order, -1 where nothing is defined, as
/// pycocotools' COCOeval.eval has them. Throws EnvironmentError.
void write_arrays(const fs::path& folder, const coco::Result& result);

}  // namespace y6q::coco
