#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/monitor.h"

namespace y6q::data {

/// One object of an image: centre and size as fractions of the image's width and height.
struct Label {
  int64_t label = 0;  ///< class id, position in Dataset::class_names
  double cx = 0, cy = 0, w = 0, h = 0;
  bool operator==(const Label&) const = default;
};

/// What a crowd region or other COCO extras need is kept by eval, which reads annotation JSON itself.
struct ImageRecord {
  fs::path path;
  int64_t image_id = 0;           ///< COCO id where the set has one, else position + 1
  int64_t height = 0, width = 0;  ///< as decoded, EXIF orientation applied
  std::vector<Label> labels;
  /// VOC's `difficult` objects: not trained on; in evaluations neither hit nor miss.
  std::vector<Label> difficult{};
  std::string sha256{};  ///< of the image file
};

/// What is worth knowing of a split beside its images and labels.
struct Findings {
  int64_t labels_missing = 0;        ///< images without a label file, taken for background (YOLO)
  int64_t labels_without_image = 0;  ///< label files in the folders of labels (YOLO)
  int64_t outlines = 0;              ///< labels that are the boxes around outlines (YOLO)
  int64_t listed_twice = 0;          ///< lines of lists that name an image again
  int64_t crowds = 0;                ///< crowd regions left out (COCO)
  fs::path first_missing{},
      first_without_image{};  ///< label files: one that is expected, one that is too many
};

/// One split, checked: every image decodes, every label is inside its image and has a known class.
struct Dataset {
  std::string split;                ///< train, val or test
  std::vector<ImageRecord> images;  ///< sorted by path
  std::vector<std::string> class_names;
  std::vector<int64_t>
      category_ids;          ///< COCO category id of each class; 0, 1, 2 … unless the set says otherwise
  fs::path annotation_json;  ///< COCO ground truth of this split, empty when there is none
  std::vector<std::string> other_classes{};  ///< left out by DatasetOptions::classes
  int64_t skipped = 0;                       ///< broken samples left out (skip_broken)
  std::vector<std::string> problems{};       ///< theirs: file, place, found, accepted
  int64_t without_area = 0;                  ///< objects left out because their width or height is 0
  Findings findings{};
  std::string sha256;  ///< of names, sizes and contents of all files used, and of the choice of classes
};

/// Where what was found in images is kept, so that files that have not changed are not read again.
struct ImageIndexOptions {
  fs::path folder{};                     ///< empty: every image is read
  bool verify = false;                   ///< every image is read all the same, and what is kept is corrected
  double worth_s = 1;                    ///< seconds: what was found faster is not kept
  uint64_t bytes = uint64_t{256} << 20;  ///< of all files in the folder; those of sets that were opened
                                         ///< longest ago go first
  double settled_s = 2;  ///< seconds: a file that was written so shortly before is read again next time
};

struct DatasetOptions {
  std::string split = "train";  ///< train, val or test
  bool skip_broken = false;     ///< leave broken samples out and count them, instead of throwing
  int threads = 0;              ///< 0: all cores
  /// The command reads no other split: a COCO JSON of which nothing tells the split serves as this one.
  bool sole_split = false;
  /// The command needs no labels: a folder of images that holds no data set serves as its train split,
  /// without objects and without classes.
  bool images_alone = false;
  /// VOC's `difficult` objects are like all others.
  bool keep_difficult = false;
  /// Names, or numbers from 0, of the classes to keep; empty: all. The list of classes shrinks to them, in
  /// the order of the data set; category ids stay. Objects of others are left out, their images stay.
  std::vector<std::string> classes{};
  /// Changes nothing of the result.
  ImageIndexOptions index{};
};

/// Reads YOLO text (a data.yaml, spec/02 §1), COCO JSON (an instances_*.json beside its images, or data.yaml
/// with anno_path and is_coco) or Pascal VOC (a folder with Annotations/ and JPEGImages/, or a data.yaml
/// naming them), or where that is asked for a folder of images alone. Throws InputError that lists every
/// broken sample: file, place, found, accepted; for class names that a model file cannot hold
/// (base/class_names.h); and for a COCO JSON that does not tell its split; UsageError for a choice of classes
/// that the set does not have. Says through the monitor what was left out or taken for the same. Writes
/// nothing but the index.
Dataset read_dataset(const fs::path& data, const DatasetOptions& options, Monitor& monitor);

/// The splits that a data set has, of train, val and test in this order; none where nothing tells it.
std::vector<std::string> splits_of(const fs::path& data);

}  // namespace y6q::data
