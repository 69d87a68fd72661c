#include "stages/step_masks.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/errors.h"
#include "ir/queries.h"
#include "passes/affine.h"
#include "passes/deploy.h"

namespace y6q::stages {
namespace {

/// Merging and folding are linear in the kernels: with every scale squared they make a sum of squares of
/// masks. Kernels without a mask are `fill` everywhere.
ir::Model with_squared_scales(const ir::Model& parent, const train::GradientMasks& masks, float fill) {
  ir::Model model = parent;
  const auto array_of = [&](const ir::Node& node) -> ir::Array& {
    return model.weights.at(model.graph.node(node.inputs[1]).name);
  };
  for (uint32_t id = 0; id < parent.graph.size(); ++id) {
    const ir::Node& node = parent.graph[id];
    if (ir::is_convolution(node)) {
      const auto mask = masks.find(parent.graph.node(node.inputs[1]).name);
      ir::Array& kernel = array_of(node);
      kernel = mask == masks.end() ? ir::Array::filled(kernel.shape, fill) : mask->second;
    } else if (ir::is_any<ir::BatchNorm>(node)) {
      const passes::Affine affine = passes::affine_of_batch_norm(parent, {id});
      std::vector<float>& gains = array_of(node).floats();
      for (size_t i = 0; i < gains.size(); ++i) gains[i] *= static_cast<float>(affine.scale[i]);
    } else if (ir::is_any<ir::ChannelScale>(node)) {
      for (float& scale : array_of(node).floats()) scale *= scale;
    }
  }
  return passes::deploy(model);
}

size_t largest_magnitude(std::span<const float> values) {
  const auto smaller = [](float a, float b) { return std::fabs(a) < std::fabs(b); };
  return static_cast<size_t>(std::ranges::max_element(values, smaller) - values.begin());
}

/// Multiplies masks by the squares of what slices [kh, kw] of a kernel were multiplied by after folding.
void follow_equalization(std::span<const float> before, std::span<const float> after, size_t row, size_t taps,
                         std::vector<float>& masks) {
  for (size_t first = 0; first < masks.size(); first += taps) {
    auto largest = first + largest_magnitude(before.subspan(first, taps));
    if (before[largest] == 0) continue;
    // Weights that calibration rounded to zero learn as the others of their output do.
    if (after[largest] == 0)
      largest = first / row * row + largest_magnitude(before.subspan(first / row * row, row));
    const double gain = static_cast<double>(after[largest]) / static_cast<double>(before[largest]);
    for (size_t i = first; i < first + taps; ++i)
      masks[i] = static_cast<float>(static_cast<double>(masks[i]) * gain * gain);
  }
}

}  // namespace

train::GradientMasks step_masks(const ir::Model& parent, const ir::Model& calibrated,
                                const std::vector<formats::BlockScales>& scales) {
  const train::GradientMasks of_scales =
      scales.empty() ? train::GradientMasks() : train::gradient_masks(parent, scales);
  const ir::Model deployed = passes::deploy(parent), squares = with_squared_scales(parent, of_scales, 1);
  const ir::Model constants = with_squared_scales(parent, {}, 0);  // branches that are no kernels
  train::GradientMasks masks;
  for (const auto& [name, kernel] : deployed.weights) {
    if (kernel.shape.size() != 4) continue;
    const auto found = calibrated.weights.find(name);
    if (found == calibrated.weights.end() || found->second.shape != kernel.shape) {
      throw InputError("qat: kernel '{}' {} of the float model is not in the calibrated one", name,
                       ir::to_text(kernel.shape));
    }
    ir::Array mask = squares.weights.at(name);
    const std::vector<float>& constant = constants.weights.at(name).floats();
    for (size_t i = 0; i < constant.size(); ++i) mask.floats()[i] -= constant[i];
    const size_t row = constant.size() / static_cast<size_t>(kernel.shape[0]);
    const auto taps = static_cast<size_t>(kernel.shape[2] * kernel.shape[3]);
    if (kernel.floats() != found->second.floats())
      follow_equalization(kernel.floats(), found->second.floats(), row, taps, mask.floats());
    if (std::ranges::any_of(mask.floats(), [](float value) { return value != 1; }))
      masks.emplace(name, std::move(mask));
  }
  return masks;
}

}  // namespace y6q::stages
