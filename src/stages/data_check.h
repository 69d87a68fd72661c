#pragma once

#include "data/shared_images.h"
#include "report/table.h"
#include "stages/data_source.h"

namespace y6q::stages {

struct DataCheckOptions {
  DataSource source;         ///< broken samples are left out and told, whatever its options say
  int64_t image_size = 640;  ///< pixels of the long side that boxes are measured at
};

/// Two splits with images of the same bytes.
struct SharedSplits {
  std::string first, second;
  data::SharedImages images;
};

struct DataCheck {
  std::vector<data::Dataset> splits;
  report::Table split_table{};  ///< a row a split: what it is made of
  report::Table class_table{};  ///< a row a class: objects, images with some, and tiny boxes of each split
  report::Table size_table{};   ///< a row a split and measure: least, quartiles and largest
  std::vector<SharedSplits> shared{};
  std::vector<std::string> findings{};  ///< what is likely a mistake or will hurt, one sentence each
  std::vector<std::string> problems{};  ///< broken samples: file, place, found, accepted
};

/// A box is tiny when its shorter side is below this many pixels at the image size: one cell of the finest
/// grid.
inline constexpr double kTinySide = 8;
/// A class with fewer objects is nearly empty.
inline constexpr int64_t kFewObjects = 10;

/// Width and height of a box in pixels once the long side of its image has `image_size`.
std::array<double, 2> box_size(const data::ImageRecord& record, const data::Label& label, int64_t image_size);

/// Reads all splits and counts. Throws what reading throws but for broken samples.
DataCheck check_data(const DataCheckOptions& options, Monitor& monitor);

}  // namespace y6q::stages
