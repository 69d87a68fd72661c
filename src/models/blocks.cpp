#include "models/blocks.h"

#include <cmath>

namespace y6q::models {
namespace {

using ir::Array;
using ir::Shape;
using ir::Value;

/// U(-b, b), b = 1 / sqrt(fan_in), fan_in = product of the extents behind the first (spec/01 §1).
Array drawn(Builder& b, const Shape& shape, int64_t fan_in) {
  Array array = Array::zeros(shape);
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  for (float& value : array.floats()) value = static_cast<float>(b.random.uniform(-bound, bound));
  return array;
}

/// <path>.weight (and .bias when wanted) and the convolution <path>.
Value conv(Builder& b, const std::string& path, const std::string& owner, Value x, const ConvOptions& o,
           bool bias) {
  const Shape shape{o.out_channels, b.channels(x), o.kernel, o.kernel};
  const int64_t fan_in = shape[1] * o.kernel * o.kernel;
  std::vector<Value> operands{
      x, b.parameter(path + ".weight", shape, owner, [&] { return drawn(b, shape, fan_in); })};
  if (bias) {
    const Shape channels{o.out_channels};
    operands.push_back(
        b.parameter(path + ".bias", channels, owner, [&] { return drawn(b, channels, fan_in); }));
  }
  const int64_t pad = o.kernel / 2;
  return b.model.graph.add(path, ir::Conv2d{{o.stride, o.stride}, {pad, pad}, 1}, std::move(operands), owner);
}

Value batch_norm(Builder& b, const std::string& path, const std::string& owner, Value x) {
  const Shape shape{b.channels(x)};
  std::vector<Value> operands{x};
  const auto zeros = [&] { return Array::zeros(shape); };
  const auto ones = [&] { return Array::filled(shape, 1); };
  operands.push_back(b.parameter(path + ".weight", shape, owner, ones));
  operands.push_back(b.parameter(path + ".bias", shape, owner, zeros));
  operands.push_back(b.statistic(path + ".running_mean", shape, owner, zeros));
  operands.push_back(b.statistic(path + ".running_var", shape, owner, ones));
  return b.model.graph.add(path, ir::BatchNorm{}, std::move(operands), owner);
}

Value activate(Builder& b, const std::string& owner, Value x, Activation activation) {
  if (activation == Activation::relu) return b.model.graph.add(owner + ".relu", ir::Relu{}, {x}, owner);
  if (activation == Activation::silu) return b.model.graph.add(owner + ".silu", ir::Silu{}, {x}, owner);
  return x;
}

Value add(Builder& b, const std::string& name, const std::string& owner, Value left, Value right) {
  return b.model.graph.add(name, ir::Add{}, {left, right}, owner);
}

/// <name>.weight [C], 1 at the start (spec/01 §2.3).
Value scaled(Builder& b, const std::string& name, const std::string& owner, Value x) {
  const Shape shape{b.channels(x)};
  const Value scale = b.parameter(name + ".weight", shape, owner, [&] { return Array::filled(shape, 1); });
  return b.model.graph.add(name, ir::ChannelScale{}, {x, scale}, owner);
}

bool has_identity(const Builder& b, Value x, const ConvOptions& o) {
  return b.channels(x) == o.out_channels && o.stride == 1;
}

ConvOptions pointwise(ConvOptions o) {
  o.kernel = 1;
  return o;
}

Value linear_add(Builder& b, const std::string& path, Value x, const ConvOptions& o) {
  Value sum = scaled(b, path + ".scale_conv", path, conv(b, path + ".conv", path, x, o, false));
  const Value small = conv(b, path + ".conv_1x1", path, x, pointwise(o), false);
  sum = add(b, path + ".add_1x1", path, sum, scaled(b, path + ".scale_1x1", path, small));
  if (has_identity(b, x, o)) {
    sum = add(b, path + ".add_identity", path, sum, scaled(b, path + ".scale_identity", path, x));
  }
  return batch_norm(b, path + ".bn", path, sum);
}

Value rep_vgg(Builder& b, const std::string& path, Value x, const ConvOptions& o) {
  const std::string dense = path + ".rbr_dense", small = path + ".rbr_1x1";
  const Value large = batch_norm(b, dense + ".bn", path, conv(b, dense + ".conv", path, x, o, false));
  const Value point =
      batch_norm(b, small + ".bn", path, conv(b, small + ".conv", path, x, pointwise(o), false));
  const Value sum = add(b, path + ".add_1x1", path, large, point);
  if (!has_identity(b, x, o)) return sum;
  return add(b, path + ".add_identity", path, sum, batch_norm(b, path + ".rbr_identity", path, x));
}

/// One normalisation for the sum of all branches, so that none has a large gain of its own: that is what
/// makes the merged kernel easy to quantize.
Value qa_rep_vgg(Builder& b, const std::string& path, Value x, const ConvOptions& o) {
  const std::string dense = path + ".rbr_dense";
  const Value large = batch_norm(b, dense + ".bn", path, conv(b, dense + ".conv", path, x, o, false));
  const Value small = conv(b, path + ".rbr_1x1", path, x, pointwise(o), false);
  Value sum = add(b, path + ".add_1x1", path, large, small);
  if (has_identity(b, x, o)) {
    sum = add(b, path + ".add_identity", path, sum, x);
    if (b.mode == Mode::qarepvgg) {
      const Value average = b.model.graph.add(path + ".rbr_avg", ir::AvgPool2d{}, {x}, path);
      sum = add(b, path + ".add_average", path, sum, average);
    }
  }
  return batch_norm(b, path + ".bn", path, sum);
}

}  // namespace

Value conv_unit(Builder& b, const std::string& path, Value x, const ConvOptions& options) {
  const std::string block = path + ".block";
  const bool folded = b.folded_units || b.mode == Mode::repvgg_deploy;
  Value y = conv(b, block + ".conv", path, x, options, folded);
  if (!folded) y = batch_norm(b, block + ".bn", path, y);
  return activate(b, path, y, options.activation);
}

Value rep_conv(Builder& b, const std::string& path, Value x, const ConvOptions& options) {
  auto linear = [&] {
    switch (b.mode) {
      case Mode::repopt:
        return batch_norm(b, path + ".bn", path, conv(b, path + ".conv", path, x, options, false));
      case Mode::hyper_search:
        return linear_add(b, path, x, options);
      case Mode::repvgg:
        return rep_vgg(b, path, x, options);
      case Mode::qarepvgg:
      case Mode::qarepvgg_v1:
        return qa_rep_vgg(b, path, x, options);
      case Mode::repvgg_deploy:
        break;
    }
    return conv(b, path + ".rbr_reparam", path, x, options, true);
  };
  return activate(b, path, linear(), Activation::relu);
}

Value rep_stack(Builder& b, const std::string& path, Value x, int64_t out_channels, int64_t count) {
  x = rep_conv(b, path + ".conv1", x, {.out_channels = out_channels});
  for (int64_t i = 0; i + 1 < count; ++i) {
    x = rep_conv(b, path + ".block." + std::to_string(i), x, {.out_channels = out_channels});
  }
  return x;
}

Value sppf(Builder& b, const std::string& path, Value x, int64_t out_channels) {
  const std::string inner = path + ".sppf";
  std::vector<Value> parts{conv_unit(b, inner + ".cv1", x, {.out_channels = b.channels(x) / 2, .kernel = 1})};
  for (int i = 0; i < 3; ++i) {
    const std::string name = inner + ".m." + std::to_string(i);
    parts.push_back(b.model.graph.add(name, ir::MaxPool2d{}, {parts.back()}, path));
  }
  const Value all = b.model.graph.add(inner + ".concat", ir::Concat{}, std::move(parts), path);
  return conv_unit(b, inner + ".cv2", all, {.out_channels = out_channels, .kernel = 1});
}

Value upsample(Builder& b, const std::string& path, Value x) {
  const std::string name = path + ".upsample_transpose";
  const int64_t channels = b.channels(x), fan_in = channels * 4;
  const Shape shape{channels, channels, 2, 2}, bias_shape{channels};
  const Value weight = b.parameter(name + ".weight", shape, path, [&] { return drawn(b, shape, fan_in); });
  const Value bias =
      b.parameter(name + ".bias", bias_shape, path, [&] { return drawn(b, bias_shape, fan_in); });
  return b.model.graph.add(name, ir::ConvTranspose2d{}, {x, weight, bias}, path);
}

Value prediction(Builder& b, const std::string& path, Value x, int64_t out_channels, float bias) {
  const Shape shape{out_channels, b.channels(x), 1, 1}, bias_shape{out_channels};
  const Value weight = b.parameter(path + ".weight", shape, path, [&] { return Array::zeros(shape); });
  const Value start =
      b.parameter(path + ".bias", bias_shape, path, [&] { return Array::filled(bias_shape, bias); });
  return b.model.graph.add(path, ir::Conv2d{}, {x, weight, start}, path);
}

}  // namespace y6q::models
