#pragma once

#include "base/random.h"
#include "data/sample.h"

namespace y6q::data {

/// Share of the first image: Beta(32, 32).
double draw_mixup(Random& random);

/// floor(ratio a + (1 - ratio) b), labels of both (spec/02 §2.6). Images of one size, else ShapeError.
Sample apply_mixup(const Sample& a, const Sample& b, double ratio);

}  // namespace y6q::data
