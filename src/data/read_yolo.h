#pragma once

#include "data/draft.h"

namespace y6q::data {

/// The label file of an image: its last `images` folder replaced by `labels`, extension .txt (spec/02 §1.2).
fs::path label_path(const fs::path& image);

struct YoloOptions {
  int64_t class_count = 0;  ///< labels must be below it
  int threads = 0;          ///< 0: all cores
};

/// Images below the folders with their label files, read in parallel.
std::vector<DraftSample> read_yolo_samples(const std::vector<fs::path>& folders, const YoloOptions& options);

/// Adds the labels of one file's text to the sample, and a problem for every row that is not
/// `class cx cy w h`: class a whole number in [0, class_count), the rest in [0, 1]. A box whose w or h is 0
/// is left out and noted.
void parse_yolo_labels(std::string_view text, int64_t class_count, DraftSample& sample);

}  // namespace y6q::data
