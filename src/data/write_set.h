#pragma once

#include "base/names.h"
#include "data/dataset.h"

namespace y6q::data {

enum class SetForm { yolo, coco, voc };
constexpr auto names_of(SetForm) {
  return name_table<SetForm>("form of a data set",
                             {{SetForm::yolo, "yolo"}, {SetForm::coco, "coco"}, {SetForm::voc, "voc"}});
}

struct WriteOptions {
  SetForm form = SetForm::coco;
  bool link = false;  ///< symbolic links to the images instead of copies
  int threads = 0;    ///< 0: all cores
};

/// Writes splits of the same classes into a folder as docs/guide/data.md draws it: what read_dataset reads
/// back as the same images (their bytes untouched) with the same boxes, in fractions to 1e-9 (VOC: to 1e-6
/// pixels). File names are kept as far as every tool can read them: folders become part of the name, blanks
/// and the like `_`, and a number follows where two would be the same. Objects marked as difficult are marked
/// so in VOC, crowds in COCO, and left out in YOLO. Throws EnvironmentError, and Interrupted.
void write_set(const std::vector<Dataset>& splits, const fs::path& folder, const WriteOptions& options,
               Monitor& monitor);

}  // namespace y6q::data
