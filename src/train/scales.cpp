#include "train/scales.h"

#include "base/errors.h"

namespace y6q::train {
namespace {

constexpr std::string_view kConvScale = ".scale_conv.weight";

const std::vector<float>* find(const ir::Model& model, const std::string& name) {
  const auto found = model.weights.find(name);
  return found == model.weights.end() ? nullptr : &found->second.floats();
}

void check(const ir::Shape& shape, const BlockScales& scales) {
  const bool square_kernel = shape.size() == 4 && shape[2] == 3 && shape[3] == 3;
  const auto channels = static_cast<int64_t>(scales.conv3x3.size());
  const bool identity_fits =
      scales.identity.empty() ||
      (static_cast<int64_t>(scales.identity.size()) == channels && shape[1] == shape[0]);
  if (!square_kernel || shape[0] != channels || scales.conv1x1.size() != scales.conv3x3.size() ||
      !identity_fits) {
    throw InputError("scales: block '{}' has {}, {} and {} channels (3x3, 1x1, identity) for a kernel {}",
                     scales.block, channels, scales.conv1x1.size(), scales.identity.size(),
                     ir::to_text(shape));
  }
}

/// The nine places of kernel (output, input), row-major.
float* places(std::vector<float>& values, const ir::Shape& shape, int64_t output, int64_t input) {
  return values.data() + (output * shape[1] + input) * 9;
}

constexpr int64_t kCentre = 4;

}  // namespace

std::vector<BlockScales> extract_scales(const ir::Model& searched) {
  std::vector<BlockScales> scales;
  for (const ir::Node& node : searched.graph.nodes()) {
    if (!std::holds_alternative<ir::Parameter>(node.op) || !node.name.ends_with(kConvScale)) continue;
    BlockScales block{node.name.substr(0, node.name.size() - kConvScale.size()),
                      searched.weights.at(node.name).floats(),
                      {},
                      {}};
    if (const auto* found = find(searched, block.block + ".scale_1x1.weight")) block.conv1x1 = *found;
    if (const auto* found = find(searched, block.block + ".scale_identity.weight")) block.identity = *found;
    const size_t channels = block.conv3x3.size();
    if (block.conv1x1.size() != channels || (!block.identity.empty() && block.identity.size() != channels)) {
      throw InputError(
          "scales: block '{}' has {}, {} and {} scales (3x3, 1x1, identity); equal numbers expected",
          block.block, channels, block.conv1x1.size(), block.identity.size());
    }
    scales.push_back(std::move(block));
  }
  if (scales.empty())
    throw InputError("scales: the network has no linear-branch blocks; train it with --mode hyper_search");
  return scales;
}

void reinitialise(ir::Array& kernel, std::span<const float> kernel1x1, const BlockScales& scales) {
  check(kernel.shape, scales);
  if (static_cast<int64_t>(kernel1x1.size()) != kernel.shape[0] * kernel.shape[1]) {
    throw InputError("scales: block '{}': 1x1 kernel of {} elements for a kernel {}", scales.block,
                     kernel1x1.size(), ir::to_text(kernel.shape));
  }
  for (int64_t o = 0; o < kernel.shape[0]; ++o) {
    const auto channel = static_cast<size_t>(o);
    for (int64_t i = 0; i < kernel.shape[1]; ++i) {
      float* place = places(kernel.floats(), kernel.shape, o, i);
      for (int64_t k = 0; k < 9; ++k) place[k] *= scales.conv3x3[channel];
      place[kCentre] += scales.conv1x1[channel] * kernel1x1[static_cast<size_t>(o * kernel.shape[1] + i)];
      if (o == i && !scales.identity.empty()) place[kCentre] += scales.identity[channel];
    }
  }
}

ir::Array gradient_mask(const ir::Shape& kernel_shape, const BlockScales& scales) {
  check(kernel_shape, scales);
  ir::Array mask = ir::Array::zeros(kernel_shape);
  for (int64_t o = 0; o < kernel_shape[0]; ++o) {
    const float a = scales.conv3x3[static_cast<size_t>(o)], b = scales.conv1x1[static_cast<size_t>(o)];
    for (int64_t i = 0; i < kernel_shape[1]; ++i) {
      float* place = places(mask.floats(), kernel_shape, o, i);
      for (int64_t k = 0; k < 9; ++k) place[k] = a * a;
      place[kCentre] += b * b;
      // A trainable identity scale acts as an unscaled branch: 1, not c^2 (spec/03 §1).
      if (o == i && !scales.identity.empty()) place[kCentre] += 1;
    }
  }
  return mask;
}

}  // namespace y6q::train
