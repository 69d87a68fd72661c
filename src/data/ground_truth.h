#pragma once

#include <string>

#include "data/dataset.h"

namespace y6q::data {

/// COCO instances JSON of a data set that has none: boxes in pixels, area = width x height; the ids are
/// image_id and category_ids of the data set. Difficult objects are crowds, COCO's word for what is neither
/// hit nor miss. Same data set, same bytes.
std::string write_ground_truth(const Dataset& dataset);

}  // namespace y6q::data
