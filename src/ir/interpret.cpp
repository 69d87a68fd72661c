#include "ir/interpret.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/errors.h"

namespace y6q::ir {
namespace {

using Sources = std::span<const Tensor* const>;

size_t at(const Shape& s, int64_t n, int64_t c, int64_t y, int64_t x) {
  return static_cast<size_t>(((n * s[1] + c) * s[2] + y) * s[3] + x);
}

/// Calls f(n, c, y, x) for every element of a four-axis shape.
template <typename F>
void for_each(const Shape& s, F f) {
  for (int64_t n = 0; n < s[0]; ++n)
    for (int64_t c = 0; c < s[1]; ++c)
      for (int64_t y = 0; y < s[2]; ++y)
        for (int64_t x = 0; x < s[3]; ++x) f(n, c, y, x);
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

void run(const Conv2d& op, Sources in, Tensor& out) {
  const Tensor &src = *in[0], &weight = *in[1];
  const Shape &s = src.shape, &k = weight.shape;
  const int64_t out_per_group = k[0] / op.groups;
  for_each(out.shape, [&](int64_t n, int64_t o, int64_t y, int64_t x) {
    double sum = in.size() == 3 ? in[2]->data[static_cast<size_t>(o)] : 0;
    const int64_t first_channel = o / out_per_group * k[1];
    for (int64_t c = 0; c < k[1]; ++c)
      for (int64_t dy = 0; dy < k[2]; ++dy)
        for (int64_t dx = 0; dx < k[3]; ++dx) {
          const int64_t sy = y * op.stride.h - op.pad.h + dy, sx = x * op.stride.w - op.pad.w + dx;
          if (sy < 0 || sy >= s[2] || sx < 0 || sx >= s[3]) continue;
          sum += src.data[at(s, n, first_channel + c, sy, sx)] * weight.data[at(k, o, c, dy, dx)];
        }
    out.data[at(out.shape, n, o, y, x)] = sum;
  });
}

void run(const ConvTranspose2d& op, Sources in, Tensor& out) {
  const Tensor &src = *in[0], &weight = *in[1];
  const Shape& k = weight.shape;
  for_each(out.shape, [&](int64_t n, int64_t o, int64_t y, int64_t x) {
    out.data[at(out.shape, n, o, y, x)] = in.size() == 3 ? in[2]->data[static_cast<size_t>(o)] : 0;
  });
  for_each(src.shape, [&](int64_t n, int64_t c, int64_t y, int64_t x) {
    for (int64_t o = 0; o < k[1]; ++o)
      for (int64_t dy = 0; dy < k[2]; ++dy)
        for (int64_t dx = 0; dx < k[3]; ++dx) {
          out.data[at(out.shape, n, o, y * op.stride.h + dy, x * op.stride.w + dx)] +=
              src.data[at(src.shape, n, c, y, x)] * weight.data[at(k, c, o, dy, dx)];
        }
  });
}

void run(const BatchNorm& op, Sources in, Tensor& out) {
  for_each(out.shape, [&](int64_t n, int64_t c, int64_t y, int64_t x) {
    const auto i = static_cast<size_t>(c);
    const double normal =
        (in[0]->data[at(out.shape, n, c, y, x)] - in[3]->data[i]) / std::sqrt(in[4]->data[i] + op.eps);
    out.data[at(out.shape, n, c, y, x)] = normal * in[1]->data[i] + in[2]->data[i];
  });
}

void run(const Relu&, Sources in, Tensor& out) {
  for (size_t i = 0; i < out.data.size(); ++i) out.data[i] = std::max(in[0]->data[i], 0.0);
}

void run(const Silu&, Sources in, Tensor& out) {
  for (size_t i = 0; i < out.data.size(); ++i) out.data[i] = in[0]->data[i] * sigmoid(in[0]->data[i]);
}

void run(const Add&, Sources in, Tensor& out) {
  for (size_t i = 0; i < out.data.size(); ++i) out.data[i] = in[0]->data[i] + in[1]->data[i];
}

void run(const ChannelScale&, Sources in, Tensor& out) {
  for_each(out.shape, [&](int64_t n, int64_t c, int64_t y, int64_t x) {
    const size_t i = at(out.shape, n, c, y, x);
    out.data[i] = in[0]->data[i] * in[1]->data[static_cast<size_t>(c)];
  });
}

/// Each window of `op` becomes one number: `join` takes in its values from `start` on, without the padding.
template <typename Pool, typename Join>
void pool(const Pool& op, Sources in, Tensor& out, double start, Join join) {
  const Shape& s = in[0]->shape;
  for_each(out.shape, [&](int64_t n, int64_t c, int64_t y, int64_t x) {
    double joined = start;
    for (int64_t dy = 0; dy < op.kernel.h; ++dy)
      for (int64_t dx = 0; dx < op.kernel.w; ++dx) {
        const int64_t sy = y * op.stride.h - op.pad.h + dy, sx = x * op.stride.w - op.pad.w + dx;
        if (sy >= 0 && sy < s[2] && sx >= 0 && sx < s[3])
          joined = join(joined, in[0]->data[at(s, n, c, sy, sx)]);
      }
    out.data[at(out.shape, n, c, y, x)] = joined;
  });
}

void run(const MaxPool2d& op, Sources in, Tensor& out) {
  pool(op, in, out, -std::numeric_limits<double>::infinity(),
       [](double best, double value) { return std::max(best, value); });
}

void run(const AvgPool2d& op, Sources in, Tensor& out) {
  pool(op, in, out, 0, std::plus<>());
  for (double& sum : out.data) sum /= static_cast<double>(op.kernel.h * op.kernel.w);
}

void run(const Concat& op, Sources in, Tensor& out) {
  const auto axis = static_cast<size_t>(op.axis);
  int64_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i) outer *= out.shape[i];
  for (size_t i = axis + 1; i < out.shape.size(); ++i) inner *= out.shape[i];
  auto write = out.data.begin();
  for (int64_t block = 0; block < outer; ++block) {
    for (const Tensor* src : in) {
      const int64_t run_length = src->shape[axis] * inner;
      write = std::copy_n(src->data.begin() + block * run_length, run_length, write);
    }
  }
}

// spec/04 §1.1. The scale is formed in float32 as everywhere, so that the codes are those of the engines.
void run(const FakeQuant& op, Sources in, Tensor& out) {
  const Tensor &src = *in[0], &amax = *in[1];
  const double largest = std::ldexp(1.0, static_cast<int>(op.is_signed ? op.bits - 1 : op.bits)) - 1;
  const double smallest = op.is_signed ? -largest - 1 : 0;
  constexpr double kZeroRange = 0x1p-24;
  int64_t inner = static_cast<int64_t>(src.data.size());
  if (op.channel_axis >= 0) {
    for (size_t i = 0; i <= static_cast<size_t>(op.channel_axis); ++i) inner /= src.shape[i];
  }
  for (size_t i = 0; i < src.data.size(); ++i) {
    const double range = amax.data[i / static_cast<size_t>(inner) % amax.data.size()];
    const double scale = static_cast<double>(static_cast<float>(largest) / static_cast<float>(range));
    out.data[i] = range <= kZeroRange
                      ? 0
                      : std::min(std::max(std::nearbyint(src.data[i] * scale), smallest), largest) / scale;
  }
}

void run(const Decode& op, Sources in, Tensor& out) {
  const size_t levels = op.strides.size();
  const int64_t classes = in[0]->shape[1], columns = out.shape[2];
  int64_t first = 0;
  for (size_t l = 0; l < levels; ++l) {
    const Tensor &cls = *in[l], &reg = *in[levels + l];
    const auto stride = static_cast<double>(op.strides[l]);
    const int64_t height = cls.shape[2], width = cls.shape[3];
    for_each({out.shape[0], 1, height, width}, [&](int64_t n, int64_t, int64_t y, int64_t x) {
      double* row = &out.data[static_cast<size_t>((n * out.shape[1] + first + y * width + x) * columns)];
      auto side = [&](int64_t i) { return reg.data[at(reg.shape, n, i, y, x)]; };
      row[0] = (static_cast<double>(x) + 0.5 + (side(2) - side(0)) / 2) * stride;
      row[1] = (static_cast<double>(y) + 0.5 + (side(3) - side(1)) / 2) * stride;
      row[2] = (side(0) + side(2)) * stride;
      row[3] = (side(1) + side(3)) * stride;
      row[4] = 1;
      for (int64_t c = 0; c < classes; ++c) row[5 + c] = sigmoid(cls.data[at(cls.shape, n, c, y, x)]);
    });
    first += height * width;
  }
}

void run(const Input&, Sources, Tensor&) {}
void run(const Parameter&, Sources, Tensor&) {}

Tensor widen(const Array& array) {
  return {
      array.shape,
      std::visit([](const auto& data) { return std::vector<double>(data.begin(), data.end()); }, array.data)};
}

Tensor evaluate(const Model& model, const Node& node, Sources sources, const Tensor& images) {
  if (std::holds_alternative<Input>(node.op)) return images;
  if (std::holds_alternative<Parameter>(node.op)) return widen(model.weights.at(node.name));
  std::vector<Shape> shapes;
  for (const Tensor* source : sources) shapes.push_back(source->shape);
  Tensor out{infer_shape(node.op, shapes), {}};
  out.data.resize(static_cast<size_t>(element_count(out.shape)));
  std::visit([&](const auto& op) { run(op, sources, out); }, node.op);
  return out;
}

std::vector<Tensor> run_nodes(const Model& model, const Tensor& images) {
  std::vector<Tensor> results;
  for (const Node& node : model.graph.nodes()) {
    std::vector<const Tensor*> sources;
    for (const Value input : node.inputs) sources.push_back(&results[input.id]);
    results.push_back(evaluate(model, node, sources, images));
  }
  return results;
}

}  // namespace

std::map<std::string, Tensor> interpret(const Model& model, const Tensor& images) {
  const std::vector<Tensor> results = run_nodes(model, images);
  std::map<std::string, Tensor> outputs;
  for (const Output& output : model.graph.outputs()) outputs[output.name] = results[output.value.id];
  return outputs;
}

std::map<std::string, Tensor> interpret_all(const Model& model, const Tensor& images) {
  std::vector<Tensor> results = run_nodes(model, images);
  std::map<std::string, Tensor> all;
  for (size_t i = 0; i < results.size(); ++i) all[model.graph[i].name] = std::move(results[i]);
  return all;
}

}  // namespace y6q::ir
