#include "onnx/arithmetic.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

#include "onnx/attributes.h"
#include "onnx/read_tensor.h"

namespace y6q::onnx {
namespace {

using ir::Shape;
using ir::Tensor;
using ::onnx::NodeProto;

constexpr int64_t kMostElements = int64_t{1} << 28;
constexpr size_t kMostAxes = 8;

/// A node and what it reads.
struct Call {
  const NodeProto& node;
  const std::vector<const Tensor*>& operands;
  int result;
  int64_t& elements;  ///< computed so far, of
  int64_t most;

  bool has(size_t index) const { return index < operands.size() && operands[index] != nullptr; }
  const Tensor& operand(size_t index) const {
    if (!has(index)) refuse(node, "has {} operands, {} are needed", operands.size(), index + 1);
    return *operands[index];
  }
  std::vector<int64_t> whole(size_t index) const {
    std::vector<int64_t> values;
    for (const double value : operand(index).data) {
      if (!(std::fabs(value) < 0x1p62))
        refuse(node, "an operand holds {}; whole numbers are accepted", value);
      values.push_back(static_cast<int64_t>(value));
    }
    return values;
  }
  /// Of an attribute up to some opset, an operand since.
  std::optional<std::vector<int64_t>> list(const char* name, size_t index) const {
    if (has(index)) return whole(index);
    const auto* found = attribute(node, name);
    if (found == nullptr) return std::nullopt;
    return std::vector<int64_t>(found->ints().begin(), found->ints().end());
  }
  size_t axis(int64_t axis, size_t rank) const {
    if (axis < 0) axis += static_cast<int64_t>(rank);
    if (axis < 0 || axis >= static_cast<int64_t>(rank)) refuse(node, "axis {} of {}", axis, rank);
    return static_cast<size_t>(axis);
  }
  void add(int64_t count) const {
    elements += count;
    if (elements > most)
      refuse(node, "more than {} elements in all from here; smaller images are accepted", most);
  }
  Tensor make(Shape shape) const {
    if (shape.size() > kMostAxes)
      refuse(node, "a result of {} axes; {} are accepted", shape.size(), kMostAxes);
    int64_t count = 1;
    for (const int64_t extent : shape) {
      if (extent < 0 || extent > kMostElements) refuse(node, "a result with an extent of {}", extent);
      count *= extent;
      if (count > kMostElements) break;
    }
    add(count);
    return {std::move(shape), std::vector<double>(static_cast<size_t>(count))};
  }
};

std::vector<int64_t> strides_of(const Shape& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

/// Fills `out` from `in`: element (i, j, …) is taken from first + i strides[0] + j strides[1] + …
void gather_strided(const Tensor& in, int64_t first, const std::vector<int64_t>& strides, Tensor& out) {
  Shape index(out.shape.size(), 0);
  int64_t at = first;
  for (double& value : out.data) {
    value = in.data[static_cast<size_t>(at)];
    for (size_t axis = index.size(); axis-- > 0;) {
      at += strides[axis];
      if (++index[axis] < out.shape[axis]) break;
      at -= strides[axis] * out.shape[axis];
      index[axis] = 0;
    }
  }
}

Shape common_shape(const Call& call, const Shape& a, const Shape& b) {
  Shape shape(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < shape.size(); ++i) {
    const int64_t left = i < a.size() ? a[a.size() - 1 - i] : 1,
                  right = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (left != right && left != 1 && right != 1)
      refuse(call.node, "operands of {} and {}", ir::to_text(a), ir::to_text(b));
    shape[shape.size() - 1 - i] = left == 1 ? right : left;
  }
  return shape;
}

Tensor spread(const Call& call, const Tensor& in, const Shape& shape) {
  if (in.shape == shape) return in;
  std::vector<int64_t> strides(shape.size(), 0);
  const std::vector<int64_t> own = strides_of(in.shape);
  for (size_t i = 0; i < in.shape.size(); ++i) {
    if (in.shape[i] != 1) strides[shape.size() - in.shape.size() + i] = own[i];
  }
  Tensor out = call.make(shape);
  gather_strided(in, 0, strides, out);
  return out;
}

template <typename Function>
Tensor elementwise(const Call& call, Function function) {
  const Shape shape = common_shape(call, call.operand(0).shape, call.operand(1).shape);
  Tensor out = spread(call, call.operand(0), shape);
  const Tensor right = spread(call, call.operand(1), shape);
  for (size_t i = 0; i < out.data.size(); ++i) out.data[i] = function(out.data[i], right.data[i]);
  return out;
}

Tensor identity(const Call& call) { return call.operand(0); }

Tensor cast(const Call& call) {
  Tensor out = call.operand(0);
  const int64_t to = int_attribute(call.node, "to", 0);
  const bool to_float = to == ::onnx::TensorProto::FLOAT || to == ::onnx::TensorProto::FLOAT16 ||
                        to == ::onnx::TensorProto::DOUBLE;
  for (double& value : out.data) value = to_float ? value : std::trunc(value);
  return out;
}

Tensor reshape(const Call& call) {
  const Tensor& in = call.operand(0);
  Shape shape = call.whole(1);
  const auto count = static_cast<int64_t>(in.data.size());
  int64_t known = 1, free_axis = -1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && i < in.shape.size()) shape[i] = in.shape[i];
    if (shape[i] == -1 && free_axis < 0) {
      free_axis = static_cast<int64_t>(i);
    } else if (shape[i] < 1 || shape[i] > kMostElements || (known *= shape[i]) > kMostElements) {
      refuse(call.node, "{} as {}", ir::to_text(in.shape), ir::to_text(shape));
    }
  }
  if (free_axis >= 0) shape[static_cast<size_t>(free_axis)] = count / known;
  if (shape.size() > kMostAxes || ir::element_count(shape) != count)
    refuse(call.node, "{} as {}", ir::to_text(in.shape), ir::to_text(shape));
  return {std::move(shape), in.data};
}

Tensor transpose(const Call& call) {
  const Tensor& in = call.operand(0);
  std::vector<int64_t> order(in.shape.size());
  std::iota(order.rbegin(), order.rend(), 0);
  order = ints_attribute(call.node, "perm", order);
  const std::vector<int64_t> own = strides_of(in.shape);
  Shape shape;
  std::vector<int64_t> strides;
  std::vector<bool> seen(in.shape.size());
  for (const int64_t from : order) {
    const size_t axis = call.axis(from, in.shape.size());
    if (seen[axis]) refuse(call.node, "axis {} twice", from);
    seen[axis] = true;
    shape.push_back(in.shape[axis]);
    strides.push_back(own[axis]);
  }
  Tensor out = call.make(std::move(shape));
  gather_strided(in, 0, strides, out);
  return out;
}

/// Elements before and behind an axis.
int64_t outer(const Shape& shape, size_t axis) {
  return std::accumulate(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(axis), int64_t{1},
                         std::multiplies<>());
}

Tensor concat(const Call& call) {
  const size_t axis = call.axis(int_attribute(call.node, "axis", 0), call.operand(0).shape.size());
  Shape shape = call.operand(0).shape;
  shape[axis] = 0;
  for (size_t i = 0; i < call.operands.size(); ++i) {
    Shape other = call.operand(i).shape;
    if (other.size() != shape.size()) refuse(call.node, "operands of different ranks");
    shape[axis] += other[axis];
    other[axis] = shape[axis];
    if (other != shape) refuse(call.node, "operands that differ outside axis {}", axis);
  }
  const int64_t rows = outer(shape, axis);
  Tensor out = call.make(std::move(shape));
  auto to = out.data.begin();
  for (int64_t row = 0; row < rows && !out.data.empty(); ++row) {
    for (const Tensor* operand : call.operands) {
      const auto run = static_cast<std::ptrdiff_t>(operand->data.size()) / rows;
      to = std::copy_n(operand->data.begin() + row * run, run, to);
    }
  }
  return out;
}

struct Cut {
  int64_t start, stop, step;
};

/// Elements start, start + step, … of one axis.
Tensor cut_axis(const Call& call, const Tensor& in, size_t axis, Cut cut) {
  const int64_t extent = in.shape[axis];
  const bool forward = cut.step > 0;
  const auto inside = [&](int64_t place) {
    if (place < 0) place += extent;
    return std::clamp(place, forward ? int64_t{0} : int64_t{-1}, forward ? extent : extent - 1);
  };
  const int64_t start = std::max(inside(cut.start), int64_t{0}), stop = inside(cut.stop);
  const int64_t way = forward ? stop - start : start - stop, step = std::abs(cut.step);
  Shape shape = in.shape;
  shape[axis] = way <= 0 ? 0 : (way - 1) / step + 1;
  std::vector<int64_t> strides = strides_of(in.shape);
  const int64_t first = start * strides[axis];
  strides[axis] *= cut.step;
  Tensor out = call.make(std::move(shape));
  if (!out.data.empty()) gather_strided(in, first, strides, out);
  return out;
}

Tensor slice(const Call& call) {
  Tensor result = call.operand(0);
  const auto starts = call.list("starts", 1), stops = call.list("ends", 2);
  if (!starts || !stops || starts->size() != stops->size()) refuse(call.node, "has no starts, or no ends");
  std::vector<int64_t> axes(starts->size()), steps(starts->size(), 1);
  std::iota(axes.begin(), axes.end(), 0);
  axes = call.list("axes", 3).value_or(axes);
  steps = call.list("steps", 4).value_or(steps);
  if (axes.size() != starts->size() || steps.size() != starts->size())
    refuse(call.node, "has {} starts, {} axes, {} steps", starts->size(), axes.size(), steps.size());
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t axis = call.axis(axes[i], result.shape.size());
    if (steps[i] == 0 || std::abs(steps[i]) > kMostElements) refuse(call.node, "a step of {}", steps[i]);
    result = cut_axis(call, result, axis, {(*starts)[i], (*stops)[i], steps[i]});
  }
  return result;
}

Tensor split(const Call& call) {
  const Tensor& in = call.operand(0);
  const size_t axis = call.axis(int_attribute(call.node, "axis", 0), in.shape.size());
  const int64_t parts = call.node.output_size(), each = (in.shape[axis] + parts - 1) / parts;
  const auto lengths = call.list("split", 1).value_or(std::vector<int64_t>(static_cast<size_t>(parts), each));
  if (std::ssize(lengths) != parts) refuse(call.node, "{} lengths for {} results", lengths.size(), parts);
  int64_t first = 0;
  for (int i = 0; i < call.result; ++i)
    first += std::clamp(lengths[static_cast<size_t>(i)], int64_t{0}, kMostElements);
  const int64_t length = std::clamp(lengths[static_cast<size_t>(call.result)], int64_t{0}, kMostElements);
  return cut_axis(call, in, axis, {first, first + length, 1});
}

Tensor shape_of(const Call& call) {
  const Shape& shape = call.operand(0).shape;
  Tensor out = call.make({static_cast<int64_t>(shape.size())});
  std::copy(shape.begin(), shape.end(), out.data.begin());
  return out;
}

Tensor gather(const Call& call) {
  const Tensor& in = call.operand(0);
  const size_t axis = call.axis(int_attribute(call.node, "axis", 0), in.shape.size());
  const std::vector<int64_t> places = call.whole(1);
  const int64_t rows = outer(in.shape, axis), extent = in.shape[axis];
  Shape shape(in.shape.begin(), in.shape.begin() + static_cast<std::ptrdiff_t>(axis));
  shape.insert(shape.end(), call.operand(1).shape.begin(), call.operand(1).shape.end());
  shape.insert(shape.end(), in.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, in.shape.end());
  Tensor out = call.make(std::move(shape));
  if (out.data.empty()) return out;
  if (extent == 0) refuse(call.node, "an operand without elements");
  const int64_t run = static_cast<int64_t>(in.data.size()) / (rows * extent);
  auto to = out.data.begin();
  for (int64_t row = 0; row < rows; ++row) {
    for (const int64_t place : places) {
      const int64_t at = place < 0 ? place + extent : place;
      if (at < 0 || at >= extent) refuse(call.node, "place {} of {}", place, extent);
      to = std::copy_n(in.data.begin() + (row * extent + at) * run, run, to);
    }
  }
  return out;
}

Tensor unsqueeze(const Call& call) {
  Tensor out = call.operand(0);
  const auto axes = call.list("axes", 1).value_or(std::vector<int64_t>{});
  const size_t rank = out.shape.size() + axes.size();
  std::vector<size_t> places;
  for (const int64_t axis : axes) places.push_back(call.axis(axis, rank));
  std::ranges::sort(places);
  if (rank > kMostAxes || std::ranges::adjacent_find(places) != places.end())
    refuse(call.node, "axes that do not fit");
  for (const size_t place : places)
    out.shape.insert(out.shape.begin() + static_cast<std::ptrdiff_t>(place), 1);
  return out;
}

Tensor squeeze(const Call& call) {
  Tensor out = call.operand(0);
  const auto axes = call.list("axes", 1);
  std::vector<bool> goes(out.shape.size());
  for (size_t i = 0; i < goes.size(); ++i) goes[i] = !axes && out.shape[i] == 1;
  for (const int64_t axis : axes.value_or(std::vector<int64_t>{})) {
    const size_t place = call.axis(axis, goes.size());
    if (out.shape[place] != 1) refuse(call.node, "axis {} of {} is not 1", axis, ir::to_text(out.shape));
    goes[place] = true;
  }
  Shape shape;
  for (size_t i = 0; i < goes.size(); ++i) {
    if (!goes[i]) shape.push_back(out.shape[i]);
  }
  out.shape = std::move(shape);
  return out;
}

/// Rows by a matrix: [..., depth] by [depth, width].
Tensor mat_mul(const Call& call) {
  const Tensor &rows = call.operand(0), &matrix = call.operand(1);
  if (rows.shape.empty() || matrix.shape.size() != 2 || matrix.shape[0] != rows.shape.back())
    refuse(call.node, "operands of {} and {}; rows and a matrix for them are accepted",
           ir::to_text(rows.shape), ir::to_text(matrix.shape));
  const int64_t depth = matrix.shape[0], width = matrix.shape[1];
  Shape shape = rows.shape;
  shape.back() = width;
  Tensor out = call.make(std::move(shape));
  call.add(std::ssize(out.data) * depth);
  for (int64_t i = 0; i < std::ssize(out.data); ++i) {
    const int64_t row = i / width, column = i % width;
    for (int64_t k = 0; k < depth; ++k) {
      out.data[static_cast<size_t>(i)] += rows.data[static_cast<size_t>(row * depth + k)] *
                                          matrix.data[static_cast<size_t>(k * width + column)];
    }
  }
  return out;
}

Tensor expand(const Call& call) {
  const Shape wanted = call.whole(1);
  return spread(call, call.operand(0), common_shape(call, call.operand(0).shape, wanted));
}

Tensor constant_of_shape(const Call& call) {
  Tensor out = call.make(call.whole(0));
  const auto* value = attribute(call.node, "value");
  if (value == nullptr) return out;
  if (element_count(value->t()) != 1) refuse(call.node, "a value that is not one number");
  const ir::Array array = read_tensor(value->t(), {});
  const double number =
      std::visit([](const auto& data) { return static_cast<double>(data.at(0)); }, array.data);
  std::ranges::fill(out.data, number);
  return out;
}

Tensor pad(const Call& call) {
  const Tensor& in = call.operand(0);
  const auto pads = call.list("pads", 1).value_or(std::vector<int64_t>{});
  const size_t rank = in.shape.size();
  if (pads.size() != 2 * rank ||
      std::ranges::any_of(pads, [](int64_t p) { return p < 0 || p > kMostElements; }))
    refuse(call.node, "{} pads for {} axes; two an axis, 0 or more, are accepted", pads.size(), rank);
  Shape shape = in.shape;
  for (size_t i = 0; i < rank; ++i) shape[i] += pads[i] + pads[rank + i];
  Tensor out = call.make(shape);
  if (call.has(2) && !call.operand(2).data.empty()) std::ranges::fill(out.data, call.operand(2).data[0]);
  const std::vector<int64_t> strides = strides_of(shape), own = strides_of(in.shape);
  for (size_t i = 0; i < in.data.size(); ++i) {
    int64_t at = 0, rest = static_cast<int64_t>(i);
    for (size_t axis = 0; axis < rank; ++axis) {
      at += (rest / own[axis] + pads[axis]) * strides[axis];
      rest %= own[axis];
    }
    out.data[static_cast<size_t>(at)] = in.data[i];
  }
  return out;
}

Tensor range(const Call& call) {
  for (size_t i = 0; i < 3; ++i) {
    if (call.operand(i).data.size() != 1) refuse(call.node, "bounds that are not one number each");
  }
  const double start = call.operand(0).data[0], stop = call.operand(1).data[0],
               step = call.operand(2).data[0];
  const double count = std::ceil((stop - start) / step);
  if (!(count >= 0 && count <= static_cast<double>(kMostElements)))
    refuse(call.node, "a range of {} numbers", count);
  Tensor out = call.make({static_cast<int64_t>(count)});
  for (size_t i = 0; i < out.data.size(); ++i) out.data[i] = start + step * static_cast<double>(i);
  return out;
}

Tensor sigmoid(const Call& call) {
  Tensor out = call.operand(0);
  for (double& value : out.data) value = 1 / (1 + std::exp(-value));
  return out;
}

Tensor where(const Call& call) {
  const Shape shape = common_shape(call, call.operand(0).shape,
                                   common_shape(call, call.operand(1).shape, call.operand(2).shape));
  const Tensor chosen = spread(call, call.operand(0), shape), yes = spread(call, call.operand(1), shape);
  Tensor out = spread(call, call.operand(2), shape);
  for (size_t i = 0; i < out.data.size(); ++i) out.data[i] = chosen.data[i] != 0 ? yes.data[i] : out.data[i];
  return out;
}

using Operation = Tensor (*)(const Call& call);

const std::map<std::string, Operation>& operations() {
  static const std::map<std::string, Operation> kOperations{
      {"Add", [](const Call& call) { return elementwise(call, std::plus<>()); }},
      {"Cast", cast},
      {"Concat", concat},
      {"ConstantOfShape", constant_of_shape},
      {"Div", [](const Call& call) { return elementwise(call, std::divides<>()); }},
      {"Equal", [](const Call& call) { return elementwise(call, std::equal_to<>()); }},
      {"Expand", expand},
      {"Gather", gather},
      {"Identity", identity},
      {"MatMul", mat_mul},
      {"Mul", [](const Call& call) { return elementwise(call, std::multiplies<>()); }},
      {"Pad", pad},
      {"Range", range},
      {"Reshape", reshape},
      {"Shape", shape_of},
      {"Sigmoid", sigmoid},
      {"Slice", slice},
      {"Split", split},
      {"Squeeze", squeeze},
      {"Sub", [](const Call& call) { return elementwise(call, std::minus<>()); }},
      {"Transpose", transpose},
      {"Unsqueeze", unsqueeze},
      {"Where", where},
  };
  return kOperations;
}

}  // namespace

ir::Tensor Arithmetic::run(const NodeProto& node, const std::vector<const ir::Tensor*>& operands,
                           int result) {
  const auto found = operations().find(node.op_type());
  if (found == operations().end() || (!node.domain().empty() && node.domain() != "ai.onnx"))
    refuse(node, "the operator is not known");
  const Call call{node, operands, result, elements_, most_};
  // Results that share their operand's numbers count as well.
  if (!operands.empty() && operands[0] != nullptr) call.add(std::ssize(operands[0]->data));
  return found->second(call);
}

void Arithmetic::allow(int64_t elements) { most_ = std::min(most_ + elements, kMostElements); }

bool Arithmetic::knows(const std::string& op_type) { return operations().contains(op_type); }

}  // namespace y6q::onnx
