#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "coco/dataset.h"

namespace y6q::coco {

inline constexpr size_t kAreaCount = 4;  ///< all, small, medium, large
struct AreaRange {
  double low, high;  ///< square pixels, both ends inside
  bool contains(double area) const { return area >= low && area <= high; }
};
inline constexpr std::array<AreaRange, kAreaCount> kAreas{
    {{0, 1e10}, {0, 32.0 * 32.0}, {32.0 * 32.0, 96.0 * 96.0}, {96.0 * 96.0, 1e10}}};

struct Options {
  std::vector<int64_t> category_ids{};   ///< empty: all of the ground truth
  std::vector<int64_t> image_ids{};      ///< empty: all of the ground truth
  std::vector<double> iou_thresholds{};  ///< empty: 0.5, 0.55, … 0.95; ascending, at most 32, in (0, 1]
  std::vector<int64_t> max_dets{1, 10,
                                100};  ///< per image and category, ascending; the last one is used for AP
  std::array<AreaRange, kAreaCount> areas = kAreas;  ///< what all, small, medium and large mean
  /// true: objects flagged "ignore" count as neither hit nor miss. COCO's own evaluation overwrites the flag.
  bool use_ignore = false;
  int threads = 0;  ///< 0: all cores; the result does not depend on it
};

/// Values in [0, 1]; -1 where nothing is defined (no object of that kind).
struct ClassResult {
  Category category;
  double ap = -1, ap50 = -1, ap75 = -1;  ///< ap50, ap75: -1 also when that threshold was not evaluated
  std::array<double, kAreaCount> ap_by_area{-1, -1, -1, -1};  ///< all, small, medium, large
  double ar = -1;                                             ///< with the largest max_dets
  int64_t objects = 0;                                        ///< without crowds
  int64_t detections = 0;                                     ///< that entered the matching
};

struct Result {
  /// AP, AP50, AP75, AP small, medium, large, AR with max_dets[0], [1], [2], AR small, medium, large.
  /// With fewer than three max_dets the AR of those that are missing is -1.
  std::array<double, 12> stats{};
  std::vector<double> iou_thresholds, recall_thresholds;
  std::vector<int64_t> max_dets;
  std::vector<ClassResult> classes;  ///< ascending category id
  std::vector<double> precision;     ///< [thresholds, 101, classes, 4 areas, max_dets]
  std::vector<double> scores;        ///< same shape: the score at which that recall is reached
  std::vector<double> recall;        ///< [thresholds, classes, 4 areas, max_dets]
  int64_t images = 0;                ///< evaluated

  double map() const { return stats[0]; }
  double map50() const { return stats[1]; }
};

/// COCO's box evaluation, as pycocotools computes it (scores sorted stably). Throws InputError when a
/// detection is of an image that the ground truth does not have or a score or box is not finite, when a
/// requested category or image is unknown, and when there are no images; UsageError for options out of range.
Result evaluate(const GroundTruth& truth, const Detections& detections, const Options& options = {});

/// Detections in memory; label i is the truth's category with the i-th smallest id unless category_ids says
/// otherwise.
Result evaluate(const GroundTruth& truth, std::span<const ImageDetections> images,
                std::span<const int64_t> category_ids, const Options& options = {});

}  // namespace y6q::coco
