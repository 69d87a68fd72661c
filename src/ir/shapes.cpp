#include <fmt/ranges.h>

#include "base/errors.h"
#include "ir/graph.h"

namespace y6q::ir {
namespace {

constexpr int64_t kLargestExtent = int64_t{1} << 24;
constexpr int64_t kLargestArray = int64_t{1} << 31;

using Shapes = std::span<const Shape>;

std::string list(Shapes shapes) {
  std::string text;
  for (const Shape& shape : shapes) text += (text.empty() ? "" : ", ") + to_text(shape);
  return text;
}

void require(bool holds, std::string_view op, Shapes in, std::string_view accepted) {
  if (!holds) throw ShapeError("{} of {}: {}", op, list(in), accepted);
}

void check_extents(const Shape& shape) {
  require(shape.size() <= 8, "array", std::span(&shape, 1), "at most 8 axes are accepted");
  int64_t count = 1;
  for (const int64_t extent : shape) {
    require(extent >= 1 && extent <= kLargestExtent, "array", std::span(&shape, 1),
            "extents of 1 to 2^24 are accepted");
    count *= extent;
    require(count <= kLargestArray, "array", std::span(&shape, 1), "at most 2^31 elements are accepted");
  }
}

bool in_range(const Hw& value, int64_t low) {
  constexpr int64_t kHigh = 4096;
  return value.h >= low && value.w >= low && value.h <= kHigh && value.w <= kHigh;
}

bool is_vector(const Shape& shape, int64_t length) { return shape.size() == 1 && shape[0] == length; }

int64_t window_count(int64_t size, int64_t kernel, int64_t stride, int64_t pad) {
  return (size + 2 * pad - kernel) < 0 ? 0 : (size + 2 * pad - kernel) / stride + 1;
}

Shape infer(const Input& op, Shapes in) {
  require(in.empty() && op.shape.size() == 4, Input::kName, in,
          "no operands and a shape [N, C, H, W] are accepted");
  check_extents(op.shape);
  return op.shape;
}

Shape infer(const Parameter& op, Shapes in) {
  require(in.empty(), Parameter::kName, in, "no operands are accepted");
  check_extents(op.shape);
  return op.shape;
}

Shape infer(const Conv2d& op, Shapes in) {
  require(in.size() == 2 || in.size() == 3, Conv2d::kName, in,
          "source, weight and perhaps a bias are accepted");
  require(in[0].size() == 4 && in[1].size() == 4, Conv2d::kName, in,
          "source [N, C, H, W], weight [O, I, h, w] are accepted");
  require(in_range(op.stride, 1) && in_range(op.pad, 0) && op.groups >= 1, Conv2d::kName, in,
          "stride 1..4096, pad 0..4096, groups >= 1 are accepted");
  require(in[0][1] == in[1][1] * op.groups && in[1][0] % op.groups == 0, Conv2d::kName, in,
          "the source's channels must be I * groups, O a multiple of groups");
  require(in.size() == 2 || is_vector(in[2], in[1][0]), Conv2d::kName, in, "the bias must be [O]");
  Shape out{in[0][0], in[1][0], window_count(in[0][2], in[1][2], op.stride.h, op.pad.h),
            window_count(in[0][3], in[1][3], op.stride.w, op.pad.w)};
  require(out[2] >= 1 && out[3] >= 1, Conv2d::kName, in, "the kernel must fit into the padded source");
  return out;
}

Shape infer(const ConvTranspose2d& op, Shapes in) {
  require(in.size() == 2 || in.size() == 3, ConvTranspose2d::kName, in,
          "source, weight and perhaps a bias are accepted");
  require(in[0].size() == 4 && in[1].size() == 4 && in[0][1] == in[1][0], ConvTranspose2d::kName, in,
          "source [N, C, H, W], weight [C, O, h, w] are accepted");
  require(in_range(op.stride, 1), ConvTranspose2d::kName, in, "stride 1..4096 is accepted");
  require(in.size() == 2 || is_vector(in[2], in[1][1]), ConvTranspose2d::kName, in, "the bias must be [O]");
  Shape out{in[0][0], in[1][1], (in[0][2] - 1) * op.stride.h + in[1][2],
            (in[0][3] - 1) * op.stride.w + in[1][3]};
  check_extents(out);
  return out;
}

Shape infer(const BatchNorm& op, Shapes in) {
  require(in.size() == 5 && in[0].size() == 4, BatchNorm::kName, in,
          "source [N, C, H, W], gain, bias, running mean and variance are accepted");
  for (size_t i = 1; i < 5; ++i)
    require(is_vector(in[i], in[0][1]), BatchNorm::kName, in, "four arrays [C] are accepted");
  require(op.eps > 0 && op.momentum >= 0 && op.momentum <= 1, BatchNorm::kName, in,
          "eps > 0, momentum 0..1 are accepted");
  return in[0];
}

template <typename Unary>
Shape infer_unary(Shapes in) {
  require(in.size() == 1, Unary::kName, in, "one operand is accepted");
  return in[0];
}

Shape infer(const Relu&, Shapes in) { return infer_unary<Relu>(in); }
Shape infer(const Silu&, Shapes in) { return infer_unary<Silu>(in); }

Shape infer(const Add&, Shapes in) {
  require(in.size() == 2 && in[0] == in[1], Add::kName, in, "two operands of one shape are accepted");
  return in[0];
}

Shape infer(const ChannelScale&, Shapes in) {
  require(in.size() == 2 && in[0].size() == 4 && is_vector(in[1], in[0][1]), ChannelScale::kName, in,
          "source [N, C, H, W] and scale [C] are accepted");
  return in[0];
}

template <typename Pool>
Shape infer_pool(const Pool& op, Shapes in) {
  require(in.size() == 1 && in[0].size() == 4, Pool::kName, in, "one source [N, C, H, W] is accepted");
  require(in_range(op.kernel, 1) && in_range(op.stride, 1) && in_range(op.pad, 0) &&
              2 * op.pad.h <= op.kernel.h && 2 * op.pad.w <= op.kernel.w,
          Pool::kName, in, "kernel, stride 1..4096 and a pad of at most half the kernel are accepted");
  Shape out{in[0][0], in[0][1], window_count(in[0][2], op.kernel.h, op.stride.h, op.pad.h),
            window_count(in[0][3], op.kernel.w, op.stride.w, op.pad.w)};
  require(out[2] >= 1 && out[3] >= 1, Pool::kName, in, "the kernel must fit into the padded source");
  return out;
}

Shape infer(const MaxPool2d& op, Shapes in) { return infer_pool(op, in); }
Shape infer(const AvgPool2d& op, Shapes in) { return infer_pool(op, in); }

Shape infer(const Concat& op, Shapes in) {
  require(!in.empty(), Concat::kName, in, "at least one operand is accepted");
  require(op.axis >= 0 && op.axis < static_cast<int64_t>(in[0].size()), Concat::kName, in,
          "the axis must exist");
  const auto axis = static_cast<size_t>(op.axis);
  Shape out = in[0];
  for (size_t i = 1; i < in.size(); ++i) {
    Shape other = in[i];
    require(other.size() == out.size(), Concat::kName, in, "operands of one rank are accepted");
    out[axis] += other[axis];
    other[axis] = out[axis];
    require(other == out, Concat::kName, in, "operands must agree outside the axis");
  }
  check_extents(out);
  return out;
}

Shape infer(const FakeQuant& op, Shapes in) {
  require(in.size() == 2, FakeQuant::kName, in, "source and amax are accepted");
  require(op.bits >= 2 && op.bits <= 16, FakeQuant::kName, in, "2 to 16 bits are accepted");
  const bool per_tensor = op.channel_axis < 0;
  const bool axis_exists = op.channel_axis < static_cast<int64_t>(in[0].size());
  require(axis_exists &&
              (per_tensor ? in[1].empty() : is_vector(in[1], in[0][static_cast<size_t>(op.channel_axis)])),
          FakeQuant::kName, in, "amax must be [] or, with a channel axis, [C]");
  return in[0];
}

Shape infer(const Decode& op, Shapes in) {
  const size_t levels = op.strides.size();
  require(levels >= 1 && in.size() == 2 * levels, Decode::kName, in,
          "a cls and a reg map for each stride are accepted");
  int64_t anchors = 0;
  for (size_t l = 0; l < levels; ++l) {
    const Shape &cls = in[l], &reg = in[levels + l];
    require(cls.size() == 4 && reg.size() == 4 && reg[1] == 4 && cls[0] == reg[0] && cls[2] == reg[2] &&
                cls[3] == reg[3] && cls[0] == in[0][0] && cls[1] == in[0][1],
            Decode::kName, in, "cls [N, nc, H, W] and reg [N, 4, H, W] of one grid a level are accepted");
    require(op.strides[l] >= 1 && op.strides[l] <= 4096, Decode::kName, in, "strides 1..4096 are accepted");
    anchors += cls[2] * cls[3];
  }
  return {in[0][0], anchors, 5 + in[0][1]};
}

}  // namespace

Shape infer_shape(const Op& op, std::span<const Shape> inputs) {
  return std::visit([&](const auto& concrete) { return infer(concrete, inputs); }, op);
}

}  // namespace y6q::ir
