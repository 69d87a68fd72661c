#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "train/anchors.h"
#include "train/targets.h"

namespace y6q::train {

/// What the network says of one image.
struct ImagePredictions {
  const float* boxes = nullptr;   ///< [A, 4] xyxy in input pixels
  const float* logits = nullptr;  ///< [A, class_count]
  int64_t class_count = 0;
};

/// An anchor that is to find an object.
struct Positive {
  int64_t anchor = 0;
  int64_t truth = 0;  ///< position among the image's ground truths
  double score = 0;   ///< target score of the object's class, in [0, 1]
};

/// The positives of one image, anchors ascending, each anchor at most once; all others are background.
using Assignment = std::vector<Positive>;

/// IoU with the union enlarged by 1e-9 and sides clamped at 0 (spec/02 §5). box: xyxy in pixels.
double overlap(const GroundTruth& truth, const float* box);

/// The anchor's centre lies inside: smallest distance to a side > 1e-9.
bool contains(const GroundTruth& truth, double x_px, double y_px);

/// (anchor, ground truth) pairs: an anchor wanted by several ground truths goes to the one with the greatest
/// overlap(truth, anchor) among all of the image, the first of equals (spec/02 §5). Returns anchors
/// ascending.
using Claims = std::vector<std::pair<int64_t, int64_t>>;
Claims resolve_conflicts(Claims claims, int64_t truth_count,
                         const std::function<double(int64_t truth, int64_t anchor)>& overlap_of);

}  // namespace y6q::train
