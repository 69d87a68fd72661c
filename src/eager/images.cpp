#include "eager/images.h"

#include <cstring>

#include "eager/parallel.h"

namespace y6q::eager {
namespace {

/// Three planes of `count` bytes -> interleaved pixels [count, 3] of bytes / 255.
void planes_to_pixels(const uint8_t* __restrict planes, int64_t count, float* __restrict pixels) {
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t c = 0; c < 3; ++c) pixels[3 * i + c] = static_cast<float>(planes[c * count + i]) / 255.0F;
  }
}

torch::Tensor on_device(const uint8_t* pixels, at::IntArrayRef shape, at::Device device) {
  torch::Tensor bytes = torch::empty(shape, at::TensorOptions(at::kByte).pinned_memory(device.is_cuda()));
  auto* const to = bytes.mutable_data_ptr<uint8_t>();
  constexpr int64_t kGrain = 1 << 20;  // one thread fills a fraction of what the GPU's bus takes
  at::parallel_for(0, bytes.numel(), kGrain, [&](int64_t first, int64_t last) {
    std::memcpy(to + first, pixels + first, static_cast<size_t>(last - first));
  });
  return bytes.to(device, /*non_blocking=*/true)
      .to(torch::kFloat32)
      .contiguous(torch::MemoryFormat::ChannelsLast)
      .div_(255);
}

}  // namespace

torch::Tensor to_images(const uint8_t* pixels, at::IntArrayRef shape, at::Device device) {
  if (!device.is_cpu()) return on_device(pixels, shape, device);
  torch::Tensor images = torch::empty(shape, torch::MemoryFormat::ChannelsLast);
  auto* values = images.mutable_data_ptr<float>();
  const int64_t plane = shape[2] * shape[3];
  at::parallel_for(0, shape[0], 1, [&](int64_t first, int64_t last) {
    for (int64_t image = first; image < last; ++image) {
      planes_to_pixels(pixels + image * 3 * plane, plane, values + image * 3 * plane);
    }
  });
  return images;
}

}  // namespace y6q::eager
