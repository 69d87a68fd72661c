#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/sample.h"

namespace y6q::data {

/// One image as a reader found it, before its file is decoded. Private to this folder.
struct DraftSample {
  fs::path image;                ///< empty: a line that leads to none; there is a problem
  fs::path annotation;           ///< label or XML file of this image; empty when there is none
  FileDigest annotation_digest;  ///< of what was read of it
  std::optional<int64_t> image_id;
  int64_t stated_height = 0, stated_width = 0;  ///< 0: not stated
  std::vector<Label> labels;                    ///< checked, when the format has fractions
  struct PixelBox {
    PixelLabel box;
    int64_t number = 0;  ///< see Draft::box_word
    bool is_difficult = false;
  };
  std::vector<PixelBox> boxes;            ///< when the format has pixels
  std::vector<std::string> problems;      ///< complete messages; any makes the sample broken
  std::vector<std::string> without_area;  ///< places of objects left out: "a.txt, line 3"
  int64_t outlines = 0;                   ///< labels that are the boxes around outlines
};

struct Draft {
  fs::path root;  ///< names in the digest are relative to it
  std::vector<DraftSample> samples;
  std::vector<std::string> class_names;
  std::vector<int64_t> category_ids;  ///< empty: 0, 1, 2 …
  fs::path annotation_json;
  std::string box_word;                     ///< "object": messages call the PixelBox of number 3 "object 3"
  std::vector<fs::path> description_files;  ///< data.yaml, JSON: part of the digest
  std::vector<std::string> notes;           ///< worth a message: what was taken for the same
  bool has_label_files = false;             ///< an image without one has no objects
  Findings findings;                        ///< what the reader knows of them
};

/// Checks the class names, decodes every image, brings boxes to fractions, removes duplicates, sorts,
/// digests. Throws InputError with all problems, or leaves broken samples out; also when no image is left.
Dataset finish_dataset(Draft draft, const DatasetOptions& options, Monitor& monitor);

/// Corners as fractions, clipped to [0, 1]; false when no area is left or a number is not finite.
bool clip_to_image(Label& label);

}  // namespace y6q::data
