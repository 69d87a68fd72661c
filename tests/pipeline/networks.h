#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "base/random.h"
#include "ir/interpret.h"
#include "ir/model.h"

/// Small networks with random weights for tests that cross folders.
namespace y6q::pipeline {

class NetworkMaker {
 public:
  explicit NetworkMaker(const ir::Shape& images) {
    value_ = model.graph.add("images", ir::Input{images}, {});
  }

  ir::Value images() const { return value_; }
  ir::Value weight(const std::string& name, const ir::Shape& shape, double scale = 0.3, double offset = 0) {
    ir::Array array = ir::Array::zeros(shape);
    for (float& value : array.floats()) value = static_cast<float>(offset + scale * random_.uniform(-1, 1));
    return model.add_parameter(name, std::move(array), true);
  }
  ir::Value add(const std::string& name, ir::Op op, std::vector<ir::Value> inputs) {
    return model.graph.add(name, std::move(op), std::move(inputs));
  }
  ir::Value batch_norm(const std::string& name, ir::Value x, int64_t channels) {
    return add(
        name, ir::BatchNorm{},
        {x, weight(name + ".weight", {channels}, 0.5, 1), weight(name + ".bias", {channels}),
         weight(name + ".running_mean", {channels}), weight(name + ".running_var", {channels}, 0.5, 1)});
  }
  ir::Value quantize(const std::string& name, ir::Value x, std::vector<float> amax, ir::FakeQuant op = {}) {
    const ir::Shape shape = op.channel_axis < 0 ? ir::Shape{} : ir::Shape{static_cast<int64_t>(amax.size())};
    return add(name, op, {x, model.add_parameter(name + ".amax", {shape, std::move(amax)}, false)});
  }
  /// A weight and its quantizer, ranges of the largest magnitudes along axis 0 (1 for transposed
  /// convolutions).
  ir::Value quantized_weight(const std::string& name, const ir::Shape& shape, int64_t axis = 0,
                             int64_t bits = 8) {
    const ir::Value source = weight(name, shape);
    std::vector<float> amax(static_cast<size_t>(shape[static_cast<size_t>(axis)]));
    int64_t inner = 1;
    for (size_t i = static_cast<size_t>(axis) + 1; i < shape.size(); ++i) inner *= shape[i];
    const std::vector<float>& values = model.floats(source);
    for (size_t i = 0; i < values.size(); ++i) {
      float& largest = amax[i / static_cast<size_t>(inner) % amax.size()];
      largest = std::max(largest, std::fabs(values[i]));
    }
    return quantize(name + ".quantizer", source, std::move(amax), {.bits = bits, .channel_axis = axis});
  }

  ir::Model model;

 private:
  Random random_{7};
  ir::Value value_;
};

inline ir::Tensor random_images(const ir::Shape& shape, uint64_t seed) {
  Random random(seed);
  ir::Tensor images{shape, std::vector<double>(static_cast<size_t>(ir::element_count(shape)))};
  // Multiples of 1/255: what images of bytes hold, so that both input layouts can be compared.
  for (double& value : images.data)
    value = static_cast<double>(static_cast<float>(random.index(256)) / 255.0F);
  return images;
}

/// Every operator but quantizers, two levels, 3 classes. Outputs: `outputs` (decoded), `cls0`, `reg1`,
/// `feat0`.
inline ir::Model every_operator() {
  NetworkMaker n({1, 3, 16, 24});
  ir::Value x = n.add("stem.conv", ir::Conv2d{.stride = {2, 2}, .pad = {1, 1}},
                      {n.images(), n.weight("stem.w", {8, 3, 3, 3})});
  x = n.add("stem.act", ir::Silu{}, {n.batch_norm("stem.bn", x, 8)});
  const ir::Value grouped = n.add("grouped", ir::Conv2d{.pad = {1, 1}, .groups = 4},
                                  {x, n.weight("grouped.w", {8, 2, 3, 3}), n.weight("grouped.b", {8})});
  const ir::Value scaled = n.add("scaled", ir::ChannelScale{}, {x, n.weight("scaled.scale", {8}, 0.5, 1)});
  x = n.add("relu", ir::Relu{}, {n.add("sum", ir::Add{}, {grouped, scaled})});
  const ir::Value pooled = n.add("pool", ir::MaxPool2d{}, {x});
  const ir::Value down =
      n.add("down", ir::MaxPool2d{.kernel = {3, 3}, .stride = {2, 2}, .pad = {1, 1}}, {pooled});
  const ir::Value up =
      n.add("up", ir::ConvTranspose2d{}, {down, n.weight("up.w", {8, 4, 2, 2}), n.weight("up.b", {4})});
  const ir::Value average = n.add("average", ir::AvgPool2d{}, {x});
  const ir::Value fine = n.add("concat", ir::Concat{}, {up, average});
  auto head = [&](const std::string& name, ir::Value from, int64_t in, int64_t out) {
    return n.add(name, ir::Conv2d{},
                 {from, n.weight(name + ".w", {out, in, 1, 1}), n.weight(name + ".b", {out})});
  };
  const ir::Value cls0 = head("head.cls0", fine, 12, 3), cls1 = head("head.cls1", down, 8, 3);
  const ir::Value reg0 = head("head.reg0", fine, 12, 4), reg1 = head("head.reg1", down, 8, 4);
  n.model.graph.mark_output("outputs", n.add("decode", ir::Decode{{2, 4}}, {cls0, cls1, reg0, reg1}));
  n.model.graph.mark_output("cls0", cls0);
  n.model.graph.mark_output("reg1", reg1);
  n.model.graph.mark_output("feat0", fine);
  return n.model;
}

/// Two 3x3 convolutions with ReLU, a pool joined with its source, a transposed convolution and a 1x1 one, all
/// quantized as in spec/04 §2, ranges shared over the concatenation. Output `map`.
inline ir::Model quantized_chain(bool is_signed, int64_t weight_bits = 8) {
  NetworkMaker n({1, 3, 32, 32});
  const ir::FakeQuant after_relu{.is_signed = is_signed};
  auto conv = [&](const std::string& name, ir::Value x, int64_t in, int64_t out) {
    x = n.add(
        name, ir::Conv2d{.pad = {1, 1}},
        {x, n.quantized_weight(name + ".w", {out, in, 3, 3}, 0, weight_bits), n.weight(name + ".b", {out})});
    return n.add(name + ".relu", ir::Relu{}, {x});
  };
  ir::Value x = conv("conv0", n.quantize("q0", n.images(), {1.0F}), 3, 16);
  x = conv("conv1", n.quantize("q1", x, {2.5F}, after_relu), 16, 16);
  const ir::Value source = n.quantize("q2", x, {5.0F}, after_relu);
  const ir::Value pool = n.quantize("q3", n.add("pool", ir::MaxPool2d{}, {source}), {5.0F}, after_relu);
  const ir::Value both = n.quantize("q4", n.add("concat", ir::Concat{}, {source, pool}), {5.0F}, after_relu);
  x = conv("conv2", both, 32, 16);
  const ir::Value weight = n.quantized_weight("up.w", {16, 16, 2, 2}, 1, weight_bits);
  x = n.add("up", ir::ConvTranspose2d{},
            {n.quantize("q5", x, {8.0F}, after_relu), weight, n.weight("up.b", {16})});
  x = n.add("last", ir::Conv2d{},
            {n.quantize("q6", x, {8.0F}), n.quantized_weight("last.w", {8, 16, 1, 1}, 0, weight_bits)});
  n.model.graph.mark_output("map", x);
  return n.model;
}

}  // namespace y6q::pipeline
