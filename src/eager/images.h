#pragma once

#include <cstdint>

#include "eager/torch.h"

namespace y6q::eager {

/// pixels: [count, 3, height, width] bytes, RGB planes -> the same as float32 in [0, 1], channels last in
/// memory, on `device`; to another device than the CPU bytes travel, by way of pinned memory.
torch::Tensor to_images(const uint8_t* pixels, at::IntArrayRef shape, at::Device device = at::kCPU);

}  // namespace y6q::eager
