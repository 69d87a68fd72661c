#include "ir/dead_channels.h"

#include <algorithm>

namespace y6q::ir {
namespace {

/// Ranges up to here stand for nothing but zeros (spec/04 §1.1).
constexpr float kNoRange = 0x1p-24F;

/// A weight, and the ranges of its quantizer where it has one.
struct Weight {
  const Array* values;
  const Array* ranges = nullptr;
};

Weight weight_of(const Model& model, Value operand) {
  const Node& node = model.graph.node(operand);
  if (!std::holds_alternative<FakeQuant>(node.op)) return {&model.weight(operand)};
  return {&model.weight(node.inputs[0]), &model.weight(node.inputs[1])};
}

/// By output channel: the kernel has a number that is not zero.
std::vector<bool> living_kernels(const Weight& weight, bool is_transposed) {
  const Shape& shape = weight.values->shape;
  const size_t axis = is_transposed ? 1 : 0;
  const auto channels = static_cast<size_t>(shape[axis]);
  const auto run = static_cast<size_t>(shape[2] * shape[3] * (is_transposed ? 1 : shape[1]));
  std::vector<bool> lives(channels);
  const std::vector<float>& values = weight.values->floats();
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t channel = i / run % channels;
    const std::vector<float>* ranges = weight.ranges == nullptr ? nullptr : &weight.ranges->floats();
    const bool is_zero_range = ranges != nullptr && (*ranges)[channel % ranges->size()] <= kNoRange;
    if (values[i] != 0 && !is_zero_range) lives[channel] = true;
  }
  return lives;
}

}  // namespace

int64_t dead_channels(const Model& model, Value convolution) {
  const Node& node = model.graph.node(convolution);
  const bool is_transposed = std::holds_alternative<ConvTranspose2d>(node.op);
  if (!is_transposed && !std::holds_alternative<Conv2d>(node.op)) return 0;
  const auto& readers = model.graph.consumers(convolution);
  bool is_rectified = readers.size() == 1 && !model.graph.is_output(convolution);
  for (const Value reader : readers) {
    if (std::holds_alternative<BatchNorm>(model.graph.node(reader).op)) return 0;
    is_rectified = is_rectified && std::holds_alternative<Relu>(model.graph.node(reader).op);
  }
  const std::vector<bool> lives = living_kernels(weight_of(model, node.inputs[1]), is_transposed);
  int64_t count = 0;
  for (size_t channel = 0; channel < lives.size(); ++channel) {
    const float bias = node.inputs.size() < 3 ? 0 : model.floats(node.inputs[2])[channel];
    count += !lives[channel] && (bias == 0 || (is_rectified && bias < 0));
  }
  return count;
}

int64_t dead_channels(const Model& model) {
  int64_t count = 0;
  for (uint32_t id = 0; id < model.graph.size(); ++id) count += dead_channels(model, {id});
  return count;
}

}  // namespace y6q::ir
