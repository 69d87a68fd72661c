#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "coco/evaluate.h"

namespace y6q::cli {

/// A share of 1 as texts have it, in points of 100 with two decimals; what is not defined (-1) as an en dash.
std::string in_points(double share);

/// The twelve numbers and the classes as lines for people.
std::string coco_table(const coco::Result& result);

/// {"stats": [12 numbers in COCO's order], "classes": [{id, name, ap, ap50, …}], …}, full precision.
nlohmann::json coco_document(const coco::Result& result);

}  // namespace y6q::cli
