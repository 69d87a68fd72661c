#pragma once

#include <span>
#include <vector>

#include "eager/torch.h"
#include "train/anchors.h"
#include "train/targets.h"

// What the batched assigners and losses work on, besides the predictions: tensors of one device whose shapes
// the host knows.
namespace y6q::train {

/// The points of an AnchorGrid; A of them.
struct AnchorTensors {
  std::vector<Level> levels;
  torch::Tensor centres;  ///< [A, 2] x, y in stride units, float32
  torch::Tensor strides;  ///< [A, 1] px, float32
  int64_t count() const { return centres.size(0); }
};

/// The objects of a batch, every image's padded to n, the most that one of them has, and at least 1.
struct PaddedTruths {
  torch::Tensor boxes;   ///< [B, n, 4] xyxy in input pixels, 0 where padded
  torch::Tensor labels;  ///< [B, n] int64, 0 where padded
  torch::Tensor real;    ///< [B, n] bool: false where padded
};

/// Made on the host and copied to the device.
AnchorTensors anchor_tensors(const AnchorGrid& grid, torch::Device device);

/// The floating type of `options` is that of the assignment and of the box loss: with float64 they are the
/// plain loops' numbers to rounding; float32 is enough for training (spec/02 §5) and half the memory.
PaddedTruths pad_truths(std::span<const std::vector<GroundTruth>> images,
                        const torch::TensorOptions& options);

}  // namespace y6q::train
