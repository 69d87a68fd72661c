#pragma once

#include <vector>

#include "data/loader.h"
#include "eager/network.h"
#include "eager/torch.h"

namespace y6q::train {

/// From this score on a teacher's detection is an object to learn.
inline constexpr float kTeacherScore = 0.3F;

/// What a network detects in a batch, as the targets that labels would give: for training without labels.
/// outputs: of its forward pass, maps cls<l> and reg<l> of three levels (detect/outputs.h); boxes are cut off
/// at the image's border. height, width: of the images, in pixels.
std::vector<data::Target> teacher_labels(const eager::Network& network,
                                         const std::vector<torch::Tensor>& outputs, int64_t height,
                                         int64_t width);

}  // namespace y6q::train
