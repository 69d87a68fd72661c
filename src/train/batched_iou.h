#pragma once

#include "eager/torch.h"
#include "train/loss_iou.h"

namespace y6q::train {

/// iou_loss (loss_iou.h, spec/02 §6.2) of many pairs on any device: predicted, target [..., 4] xyxy in one
/// unit -> 1 - metric [...], differentiable by the predicted corners. Finite for degenerate boxes too.
torch::Tensor iou_losses(IouType type, const torch::Tensor& predicted, const torch::Tensor& target);

}  // namespace y6q::train
