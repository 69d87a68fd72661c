#pragma once

#include "eager/torch.h"
#include "train/predictions.h"

namespace y6q::train {

/// `value` (scalar) as a function of the predictions whose gradients by both were computed together with it.
torch::Tensor with_gradients(const torch::Tensor& value, const Predictions& predictions,
                             const Predictions& gradients);

}  // namespace y6q::train
