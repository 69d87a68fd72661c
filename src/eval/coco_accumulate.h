#pragma once

#include "eval/coco_eval.h"
#include "eval/coco_match.h"

namespace y6q::eval {

/// Fills the part of result.precision, scores and recall that belongs to a category (position). Parts that
/// are undefined keep their -1.
void accumulate_category(const CategoryMatches& matches, size_t category, CocoResult& result);

/// result.stats and the values of result.classes from the arrays.
void summarize(CocoResult& result);

}  // namespace y6q::eval
