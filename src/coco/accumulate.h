#pragma once

#include "coco/evaluate.h"
#include "coco/match.h"

namespace y6q::coco {

/// Fills the part of result.precision, scores and recall that belongs to a category (position). Parts that
/// are undefined keep their -1.
void accumulate_category(const CategoryMatches& matches, size_t category, Result& result);

/// result.stats and the values of result.classes from the arrays.
void summarize(Result& result);

}  // namespace y6q::coco
