#pragma once

#include <cstdint>
#include <span>

#include "train/assignment.h"
#include "train/loss_iou.h"
#include "train/loss_terms.h"

namespace y6q::train {

struct LossOptions {
  int64_t class_count = 80;
  int64_t reg_max = 0;  ///< 0: plain distances, no DFL
  IouType iou = IouType::giou;
  int64_t atss_warmup_epochs = 4;  ///< epochs assigned by ATSS before TAL takes over (spec/02 §5)
  double class_weight = 1, iou_weight = 2.5, dfl_weight = 0.5;
};

/// One image's raw predictions, and room for the gradients by them; all of A rows.
struct ImageMaps {
  const float* logits = nullptr;     ///< [A, class_count]
  const float* distances = nullptr;  ///< [A, 4 * (reg_max + 1)], stride units
  const float* boxes = nullptr;      ///< [A, 4] decoded from distances, xyxy in input pixels
  float* logits_gradient = nullptr;
  float* distances_gradient = nullptr;  ///< zero on entry
};

/// Loss of one image (spec/02 §6) divided by `norm` (> 0), and its gradients.
LossTerms image_loss(const AnchorGrid& grid, std::span<const GroundTruth> truths,
                     const Assignment& assignment, const ImageMaps& maps, double norm,
                     const LossOptions& options);

}  // namespace y6q::train
