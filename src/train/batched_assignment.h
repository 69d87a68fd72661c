#pragma once

#include "eager/torch.h"
#include "train/assign_atss.h"
#include "train/assign_tal.h"
#include "train/batch_tensors.h"

// The assigners of spec/02 §5 for a whole batch, in LibTorch's operators on tensors of any one device. Shapes
// depend on shapes alone and no value comes back to the host, so that nothing waits for the device. The
// numbers are those of the plain loops (assign_atss.h, assign_tal.h), in the floating type of the truths.
// Only counts and maxima are gathered from many places in one, so that no order of a device's threads shows.
namespace y6q::train {

/// What the network says of a batch.
struct BatchPredictions {
  torch::Tensor boxes;   ///< [B, A, 4] xyxy in input pixels
  torch::Tensor logits;  ///< [B, A, class_count]
};

/// Which anchor is to find which object.
struct BatchedAssignment {
  torch::Tensor positive;  ///< [B, A] bool; false: background
  torch::Tensor truth;     ///< [B, A] int64, position among the image's truths; 0 for background
  torch::Tensor score;     ///< [B, A] target score of the object's class in [0, 1]; 0 for background
};

/// IoU of pairs of boxes [..., 4], xyxy in pixels, broadcast: the union enlarged by 1e-9, sides clamped at 0
/// (spec/02 §5).
torch::Tensor overlaps(const torch::Tensor& a, const torch::Tensor& b);

/// Spec/02 §5.1. Of equally near anchors the lowest index is the candidate, as in the loops.
BatchedAssignment assign_atss(const AnchorTensors& anchors, const PaddedTruths& truths,
                              const BatchPredictions& predicted, const AtssOptions& options = {});

/// Spec/02 §5.2. Anchors of metric 0 take places by index, as in the loops; of equal metrics above 0 that
/// compete for the last place topk chooses, where the loops take the lowest index.
BatchedAssignment assign_tal(const AnchorTensors& anchors, const PaddedTruths& truths,
                             const BatchPredictions& predicted, const TalOptions& options = {});

/// By image, as the loops have it. Copies to the host: waits for the device.
std::vector<Assignment> to_assignments(const BatchedAssignment& batched);

/// Takes every anchor that some truth wants. anchors: [B, n, k] int64 candidates of each truth, each at most
/// once; claimed: [B, n, k] bool; overlaps: [B, n, A]. An anchor wanted by several truths goes to the one
/// with the greatest overlap among all of the image, the first of equals. The scores are left undefined.
BatchedAssignment resolve_claims(const torch::Tensor& anchors, const torch::Tensor& claimed,
                                 const torch::Tensor& overlaps);

}  // namespace y6q::train
