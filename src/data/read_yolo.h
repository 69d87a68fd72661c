#pragma once

#include "data/draft.h"

namespace y6q::data {

/// The label file of an image: its last `images` folder replaced by `labels`, extension .txt (spec/02 §1.2).
fs::path label_path(const fs::path& image);

struct YoloOptions {
  int64_t class_count = 0;  ///< labels must be below it
  int threads = 0;          ///< 0: all cores
};

/// Adds to samples what their label files say, read in parallel.
void read_yolo_labels(std::vector<DraftSample>& samples, const YoloOptions& options);

/// A label folder of these folders of images lies elsewhere than the images: images/train -> labels/train.
bool has_label_folder(const fs::path& image_folder);

/// Label files beside those of the samples in the label folders of these folders, sorted. labelImg's list of
/// classes (classes.txt) is none.
std::vector<fs::path> labels_without_image(const std::vector<fs::path>& image_folders,
                                           const std::vector<DraftSample>& samples);

/// Adds the labels of one file's text to the sample, and a problem for every row that is neither
/// `class cx cy w h` nor an outline, `class x1 y1 x2 y2 x3 y3 …` with 3 points or more: class a whole number
/// in [0, class_count), the rest in [0, 1]. An outline becomes the box around it. A box whose w or h is 0 is
/// left out and noted.
void parse_yolo_labels(std::string_view text, int64_t class_count, DraftSample& sample);

}  // namespace y6q::data
