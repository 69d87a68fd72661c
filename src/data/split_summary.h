#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"

namespace y6q::data {

/// How many there are of what a split is made of. Objects that are not trained on (difficult ones, crowds) do
/// not count.
struct SplitCounts {
  int64_t images = 0, with_objects = 0, background = 0, boxes = 0;
};
SplitCounts counts_of(const Dataset& dataset);

/// "train: 24 images, 1 with objects, 23 background, 23 label files missing, …": always the same numbers.
std::string summary_line(const Dataset& dataset);

/// What is likely a mistake, in one sentence each: label files missing of more than a tenth of the images.
std::vector<std::string> likely_mistakes(const Dataset& dataset);

/// The line, what else was found, and the likely mistakes as warnings.
void say_what_was_read(const Dataset& dataset, Monitor& monitor);

}  // namespace y6q::data
