#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "coco/prepare.h"

namespace y6q::coco {

/// The numbers that are resampled: AP, AP50, AP75, AP small, medium, large, AR with the largest max_dets.
inline constexpr size_t kResampledCount = 7;
inline constexpr std::array<const char*, kResampledCount> kResampledNames{
    "AP", "AP50", "AP75", "AP small", "AP medium", "AP large", "AR"};

struct ReplicateStats {
  std::array<double, kResampledCount> stats{};  ///< -1: not defined
  std::vector<double> class_ap;                 ///< one a category
};

/// Evaluates again and again with other multiplicities of the images. Matching happens within an image, so it
/// is done once, here; a replicate only accumulates. Equal scores: the copies of a detection stand together.
class ReplicateEvaluator {
 public:
  explicit ReplicateEvaluator(const Case& prepared);

  /// times: how often each image counts, ascending id. Same as evaluate on data in which the images are
  /// copied so often. May be called from several threads.
  ReplicateStats evaluate(std::span<const uint32_t> times) const;
  size_t image_count() const { return image_count_; }

 private:
  struct Entry {
    int32_t image;
    ThresholdBits hit, ignored;
  };
  struct Positives {
    int32_t image, count;
  };
  struct Part {                      // one category and area
    std::vector<Entry> entries;      // best score first, without those that are ignored at every threshold
    std::vector<Positives> objects;  // images that have some
  };
  struct PartStats;
  void add_category(const CategoryMatches& matches);
  PartStats evaluate(const Part& part, std::span<const uint32_t> times) const;

  size_t image_count_ = 0, threshold_count_ = 0;
  size_t at_50_, at_75_;  // position of the threshold, or threshold_count_
  std::vector<double> recalls_;
  std::vector<std::array<Part, kAreaCount>> categories_;
};

}  // namespace y6q::coco
