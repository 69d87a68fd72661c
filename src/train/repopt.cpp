#include "train/repopt.h"

#include <fmt/ranges.h>

#include <cmath>

#include "base/errors.h"
#include "base/random.h"

namespace y6q::train {
namespace {

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

std::string weight_of(const std::string& block) { return block + ".conv.weight"; }

/// Blocks with one 3x3 convolution `<block>.conv`; the units of neck and head call theirs
/// `<block>.block.conv`.
std::map<std::string, ir::Shape> single_branch_blocks(const ir::Graph& graph) {
  std::map<std::string, ir::Shape> blocks;
  for (const ir::Node& node : graph.nodes()) {
    if (!std::holds_alternative<ir::Conv2d>(node.op) || node.name != node.owner + ".conv") continue;
    blocks[node.owner] = graph.node(node.inputs[1]).shape;
  }
  return blocks;
}

void check_blocks(const ir::Graph& graph, const std::vector<BlockScales>& scales) {
  auto blocks = single_branch_blocks(graph);
  std::vector<std::string> problems;
  for (const BlockScales& block : scales) {
    const auto found = blocks.find(block.block);
    if (found == blocks.end()) {
      problems.push_back(fmt::format("'{}': no such block in the network", block.block));
      continue;
    }
    const ir::Shape& kernel = found->second;
    if (kernel[0] != static_cast<int64_t>(block.conv3x3.size())) {
      problems.push_back(fmt::format("'{}': {} channels, the network's kernel is {}", block.block,
                                     block.conv3x3.size(), ir::to_text(kernel)));
    } else if (!block.identity.empty() && kernel[0] != kernel[1]) {
      problems.push_back(fmt::format("'{}': has an identity scale, the network's kernel is {}", block.block,
                                     ir::to_text(kernel)));
    }
    blocks.erase(found);
  }
  for (const auto& [name, shape] : blocks) problems.push_back(fmt::format("'{}': has no scales", name));
  if (problems.empty()) return;
  throw InputError(
      "scales: they do not fit the network; take those of a search with the same --model. Blocks that "
      "differ:\n  {}",
      fmt::join(problems, "\n  "));
}

}  // namespace

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

ir::Model reinitialised(ir::Model model, const std::vector<BlockScales>& scales, uint64_t seed) {
  check_blocks(model.graph, scales);
  for (size_t i = 0; i < scales.size(); ++i) {
    constexpr uint64_t kStream = 0x5ca1e5;  // apart from the stream of the network's own weights
    Random random(seed, kStream, i);
    ir::Array& kernel = model.weights.at(weight_of(scales[i].block));
    const double bound = 1 / std::sqrt(static_cast<double>(kernel.shape[1]));
    std::vector<float> kernel1x1(static_cast<size_t>(kernel.shape[0] * kernel.shape[1]));
    for (float& value : kernel1x1) value = static_cast<float>(random.uniform(-bound, bound));
    reinitialise(kernel, kernel1x1, scales[i]);
  }
  return model;
}

GradientMasks gradient_masks(const ir::Model& model, const std::vector<BlockScales>& scales) {
  check_blocks(model.graph, scales);
  GradientMasks masks;
  for (const BlockScales& block : scales) {
    const std::string name = weight_of(block.block);
    masks.emplace(name, gradient_mask(model.weights.at(name).shape, block));
  }
  return masks;
}

}  // namespace y6q::train
