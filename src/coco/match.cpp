#include "coco/match.h"

#include <algorithm>
#include <numeric>

namespace y6q::coco {
namespace {

/// One category, image by image; the vectors are scratch that lives as long as the category.
class Matcher {
 public:
  Matcher(const MatchInput& input, CategoryMatches& out) : in_(input), out_(out) {
    lowest_ = *std::min_element(in_.iou_thresholds.begin(), in_.iou_thresholds.end());
  }

  /// Entry numbers of one image's detections and objects.
  void match_image(int32_t image, std::span<const uint32_t> found, std::span<const uint32_t> objects) {
    best_first(found);
    const size_t first = out_.score.size();
    append(first, image);
    if (!objects.empty()) count_positives(image, objects);
    if (objects.empty() || !compute_ious(objects)) return;
    for (size_t area = 0; area < kAreaCount; ++area) match_area(area, first, objects);
  }

 private:
  void best_first(std::span<const uint32_t> found) {
    found_.assign(found.begin(), found.end());
    std::stable_sort(found_.begin(), found_.end(), [&](uint32_t a, uint32_t b) {
      return in_.detections.score[a] > in_.detections.score[b];
    });
    if (std::ssize(found_) > in_.max_detections) found_.resize(static_cast<size_t>(in_.max_detections));
  }

  /// Every detection starts unmatched: a false positive, or of no account where its size is outside the
  /// range.
  void append(size_t first, int32_t image) {
    for (size_t d = 0; d < found_.size(); ++d) {
      out_.score.push_back(in_.detections.score[found_[d]]);
      out_.rank.push_back(static_cast<int32_t>(d));
      out_.entry.push_back(found_[d]);
      out_.image.push_back(image);
      out_.object.push_back(CategoryMatches::kNoObject);
    }
    for (size_t area = 0; area < kAreaCount; ++area) {
      out_.hit[area].resize(first + found_.size(), 0);
      for (const uint32_t d : found_) {
        const BoxXywh& box = in_.detections.box[d];
        out_.ignored[area].push_back(in_.areas[area].contains(box.w * box.h) ? 0 : ~ThresholdBits{0});
      }
    }
  }

  bool counts(size_t area, uint32_t object) const {
    return in_.is_wanted(object) && in_.areas[area].contains(in_.truth.area[object]);
  }

  void count_positives(int32_t image, std::span<const uint32_t> objects) {
    CategoryMatches::ImagePositives here{image, {}};
    for (size_t area = 0; area < kAreaCount; ++area) {
      for (const uint32_t g : objects) here.count[area] += counts(area, g);
      out_.positives[area] += here.count[area];
    }
    out_.positives_by_image.push_back(here);
  }

  /// IoU of every pair; false when none can reach the lowest threshold. Detections without such a pair are
  /// skipped afterwards: most of a detector's output.
  bool compute_ious(std::span<const uint32_t> objects) {
    ious_.resize(found_.size() * objects.size());
    near_.clear();
    for (size_t d = 0; d < found_.size(); ++d) {
      double best = 0;
      for (size_t g = 0; g < objects.size(); ++g) {
        const uint32_t object = objects[g];
        const double value =
            coco_iou(in_.detections.box[found_[d]], in_.truth.box[object], in_.truth.crowd[object]);
        ious_[d * objects.size() + g] = value;
        best = std::max(best, value);
      }
      if (best >= std::min(lowest_, kAlmostOne)) near_.push_back(d);
    }
    return !near_.empty();
  }

  void match_area(size_t area, size_t first, std::span<const uint32_t> objects) {
    // Objects that count come first; the order within both parts is that of the file.
    order_.resize(objects.size());
    std::iota(order_.begin(), order_.end(), size_t{0});
    const auto ignored_begin = std::stable_partition(order_.begin(), order_.end(),
                                                     [&](size_t g) { return counts(area, objects[g]); });
    const auto counting = static_cast<size_t>(ignored_begin - order_.begin());
    taken_.assign(objects.size(), 0);
    for (size_t t = 0; t < in_.iou_thresholds.size(); ++t) {
      const ThresholdBits bit = ThresholdBits{1} << t;
      for (const size_t d : near_) {
        const size_t match = best_object(&ious_[d * objects.size()], t, counting, objects);
        if (match == objects.size()) continue;
        taken_[order_[match]] |= bit;
        if (t == 0 && area == 0) out_.object[first + d] = objects[order_[match]];
        ThresholdBits& hit = out_.hit[area][first + d];
        ThresholdBits& ignored = out_.ignored[area][first + d];
        if (match < counting) {
          hit |= bit;
          ignored &= ~bit;
        } else {
          ignored |= bit;
        }
      }
    }
  }

  /// Position in order_, or objects.size() for none. The later one of equal IoUs wins, as in pycocotools.
  size_t best_object(const double* ious, size_t t, size_t counting, std::span<const uint32_t> objects) const {
    const ThresholdBits bit = ThresholdBits{1} << t;
    double best = std::min(in_.iou_thresholds[t], kAlmostOne);
    size_t match = objects.size();
    for (size_t i = 0; i < order_.size(); ++i) {
      if (i == counting && match < counting) break;  // an object that counts is preferred to any ignored one
      const size_t g = order_[i];
      if ((taken_[g] & bit) && !in_.truth.crowd[objects[g]]) continue;
      if (!(ious[g] >= best)) continue;
      best = ious[g];
      match = i;
    }
    return match;
  }

  static constexpr double kAlmostOne = 1 - 1e-10;  // threshold 1 accepts an IoU that lost its last bits
  const MatchInput& in_;
  CategoryMatches& out_;
  double lowest_ = 0;
  std::vector<uint32_t> found_;
  std::vector<double> ious_;          // [found, objects]
  std::vector<size_t> near_, order_;  // detections with a near object; objects, those that count first
  std::vector<ThresholdBits> taken_;
};

/// Entries of the image at `at`; moves `at` behind them.
std::span<const uint32_t> take_image(const Groups& groups, int32_t image, size_t& at, size_t end) {
  const size_t begin = at;
  while (at < end && groups.image[at] == image) ++at;
  return std::span(groups.entry).subspan(begin, at - begin);
}

}  // namespace

double coco_iou(const BoxXywh& found, const BoxXywh& object, bool crowd) {
  const double w = std::min(found.x + found.w, object.x + object.w) - std::max(found.x, object.x);
  if (w <= 0) return 0;
  const double h = std::min(found.y + found.h, object.y + object.h) - std::max(found.y, object.y);
  if (h <= 0) return 0;
  const double shared = w * h, found_area = found.w * found.h;
  return shared / (crowd ? found_area : found_area + object.w * object.h - shared);
}

CategoryMatches match_category(const MatchInput& input, size_t category) {
  CategoryMatches matches;
  Matcher matcher(input, matches);
  const Groups &truth = input.truth_groups, &found = input.detection_groups;
  size_t g = truth.category_begin[category], d = found.category_begin[category];
  const size_t g_end = truth.category_begin[category + 1], d_end = found.category_begin[category + 1];
  while (g < g_end || d < d_end) {
    const int32_t image = g == g_end   ? found.image[d]
                          : d == d_end ? truth.image[g]
                                       : std::min(truth.image[g], found.image[d]);
    const auto found_here = take_image(found, image, d, d_end);
    const auto objects_here = take_image(truth, image, g, g_end);
    matcher.match_image(image, found_here, objects_here);
  }
  return matches;
}

}  // namespace y6q::coco
