#include "passes/merge_rep_branches.h"

#include <algorithm>
#include <optional>

#include "ir/queries.h"
#include "passes/affine.h"
#include "passes/rewrite.h"

namespace y6q::passes {
namespace {

using ir::Value;

/// affine(conv(source)), or affine(mean of source over a window); of one pixel: affine(source).
struct Branch {
  Value source;
  std::optional<Value> conv;
  ir::AvgPool2d window;
  Affine affine;
  bool shifts = false;  ///< has a norm or a bias
};

constexpr ir::AvgPool2d kOnePixel{.kernel = {1, 1}, .stride = {1, 1}, .pad = {0, 0}};

bool disappears(const ir::Graph& graph, Value value) { return ir::sole_consumer(graph, value) != nullptr; }

/// Leaves of the tree of additions under `add`, left to right.
void collect_leaves(const ir::Graph& graph, Value value, bool is_root, std::vector<Value>& leaves) {
  const ir::Node& node = graph.node(value);
  if (!std::holds_alternative<ir::Add>(node.op) || !(is_root || disappears(graph, value))) {
    leaves.push_back(value);
    return;
  }
  for (const Value input : node.inputs) collect_leaves(graph, input, false, leaves);
}

Affine scale_of(const ir::Model& model, const ir::Node& node) {
  const auto& values = model.floats(node.inputs[1]);
  Affine result = Affine::identity(static_cast<int64_t>(values.size()));
  result.scale.assign(values.begin(), values.end());
  return result;
}

bool reads_arrays_only(const ir::Graph& graph, const ir::Node& node) {
  return std::all_of(node.inputs.begin() + 1, node.inputs.end(), [&](Value input) {
    return std::holds_alternative<ir::Parameter>(graph.node(input).op);
  });
}

Branch read_branch(const ir::Model& model, Value value) {
  const ir::Graph& graph = model.graph;
  Branch branch{value, std::nullopt, kOnePixel, Affine::identity(graph.node(value).shape.at(1))};
  while (disappears(graph, branch.source)) {
    const ir::Node& node = graph.node(branch.source);
    const bool conv = std::holds_alternative<ir::Conv2d>(node.op);
    const bool norm = std::holds_alternative<ir::BatchNorm>(node.op);
    if (const auto* window = std::get_if<ir::AvgPool2d>(&node.op)) {
      branch.window = *window;
      branch.source = node.inputs[0];
      break;
    }
    if (!(conv || norm || std::holds_alternative<ir::ChannelScale>(node.op)) ||
        !reads_arrays_only(graph, node))
      break;
    if (norm) branch.affine = branch.affine.after(affine_of_batch_norm(model, branch.source));
    branch.shifts |= norm || (conv && node.inputs.size() > 2);
    if (!conv && !norm) branch.affine = branch.affine.after(scale_of(model, node));
    if (conv) branch.conv = branch.source;
    branch.source = node.inputs[0];
    if (conv) break;
  }
  return branch;
}

/// What all branches become: where each kernel lies in the common one follows from the paddings.
struct Frame {
  ir::Conv2d op;
  int64_t out_channels, group_channels, height, width;

  Frame(const ir::Graph& graph, const std::vector<Branch>& branches) {
    const auto area = [&](const Branch& branch) {
      if (!branch.conv) return int64_t{0};
      const ir::Shape& shape = graph.node(graph.node(*branch.conv).inputs[1]).shape;
      return shape[2] * shape[3];
    };
    const Branch& largest =
        *std::max_element(branches.begin(), branches.end(),
                          [&](const Branch& a, const Branch& b) { return area(a) < area(b); });
    const ir::Node& node = graph.node(*largest.conv);
    op = std::get<ir::Conv2d>(node.op);
    const ir::Shape& weight = graph.node(node.inputs[1]).shape;
    out_channels = weight[0], group_channels = weight[1], height = weight[2], width = weight[3];
  }

  bool holds(const ir::Graph& graph, const Branch& branch) const {
    if (!branch.conv) return holds(branch.window.stride, branch.window.pad, branch.window.kernel);
    const ir::Node& node = graph.node(*branch.conv);
    const auto& other = std::get<ir::Conv2d>(node.op);
    const ir::Shape& weight = graph.node(node.inputs[1]).shape;
    return other.groups == op.groups && holds(other.stride, other.pad, {weight[2], weight[3]});
  }
  bool holds(ir::Hw stride, ir::Hw pad, ir::Hw kernel) const {
    const int64_t top = op.pad.h - pad.h, left = op.pad.w - pad.w;
    return stride == op.stride && top >= 0 && left >= 0 && top + kernel.h <= height &&
           left + kernel.w <= width;
  }
  size_t index(int64_t out, int64_t in, int64_t y, int64_t x) const {
    return static_cast<size_t>(((out * group_channels + in) * height + y) * width + x);
  }
};

std::optional<std::vector<Branch>> branches_of(const ir::Model& model, Value add) {
  const ir::Graph& graph = model.graph;
  if (!std::holds_alternative<ir::Add>(graph.node(add).op) || graph.node(add).shape.size() != 4)
    return std::nullopt;
  std::vector<Value> leaves;
  collect_leaves(graph, add, true, leaves);
  std::vector<Branch> branches;
  for (const Value leaf : leaves) branches.push_back(read_branch(model, leaf));
  const auto same_source = [&](const Branch& branch) { return branch.source == branches[0].source; };
  const auto has_conv = [](const Branch& branch) { return branch.conv.has_value(); };
  if (!std::all_of(branches.begin(), branches.end(), same_source)) return std::nullopt;
  if (!std::any_of(branches.begin(), branches.end(), has_conv)) return std::nullopt;
  const Frame frame(graph, branches);
  const auto fits = [&](const Branch& branch) { return frame.holds(graph, branch); };
  if (!std::all_of(branches.begin(), branches.end(), fits)) return std::nullopt;
  return branches;
}

/// Adds the kernel of a mean: the same everywhere in the window where output and input channel meet.
void add_mean(const Frame& frame, const Branch& branch, std::vector<double>& sum) {
  const ir::Hw kernel = branch.window.kernel, pad = branch.window.pad;
  for (int64_t o = 0; o < frame.out_channels; ++o) {
    const double share =
        branch.affine.scale[static_cast<size_t>(o)] / static_cast<double>(kernel.h * kernel.w);
    for (int64_t y = 0; y < kernel.h; ++y) {
      for (int64_t x = 0; x < kernel.w; ++x) {
        sum[frame.index(o, o % frame.group_channels, y + frame.op.pad.h - pad.h,
                        x + frame.op.pad.w - pad.w)] += share;
      }
    }
  }
}

void add_kernel(const ir::Model& model, const Frame& frame, const Branch& branch, std::vector<double>& sum) {
  if (!branch.conv) return add_mean(frame, branch, sum);
  const ir::Node& node = model.graph.node(*branch.conv);
  const ir::Array& weight = model.weight(node.inputs[1]);
  const ir::Hw pad = std::get<ir::Conv2d>(node.op).pad;
  const int64_t height = weight.shape[2], width = weight.shape[3];
  size_t i = 0;
  for (int64_t o = 0; o < frame.out_channels; ++o) {
    for (int64_t c = 0; c < frame.group_channels; ++c) {
      for (int64_t y = 0; y < height; ++y) {
        for (int64_t x = 0; x < width; ++x) {
          const size_t place = frame.index(o, c, y + frame.op.pad.h - pad.h, x + frame.op.pad.w - pad.w);
          sum[place] +=
              branch.affine.scale[static_cast<size_t>(o)] * static_cast<double>(weight.floats()[i++]);
        }
      }
    }
  }
}

void add_bias(const ir::Model& model, const Branch& branch, std::vector<double>& sum) {
  const bool biased = branch.conv && model.graph.node(*branch.conv).inputs.size() > 2;
  for (size_t o = 0; o < sum.size(); ++o) {
    sum[o] += branch.affine.shift[o];
    if (!biased) continue;
    const auto& bias = model.floats(model.graph.node(*branch.conv).inputs[2]);
    sum[o] += branch.affine.scale[o] * static_cast<double>(bias[o]);
  }
}

ir::Array narrowed(ir::Shape shape, const std::vector<double>& values) {
  ir::Array array = ir::Array::zeros(std::move(shape));
  std::transform(values.begin(), values.end(), array.floats().begin(),
                 [](double v) { return static_cast<float>(v); });
  return array;
}

void merge(Rewriter& rewriter, const ir::Model& model, Value add, const std::vector<Branch>& branches) {
  const Frame frame(model.graph, branches);
  const ir::Shape shape{frame.out_channels, frame.group_channels, frame.height, frame.width};
  std::vector<double> kernel(static_cast<size_t>(ir::element_count(shape)));
  std::vector<double> bias(static_cast<size_t>(frame.out_channels));
  for (const Branch& branch : branches) {
    add_kernel(model, frame, branch, kernel);
    add_bias(model, branch, bias);
  }
  const ir::Node& node = model.graph.node(add);
  const std::string& owner = node.owner;
  const std::string name = rewriter.free_name((owner.empty() ? node.name : owner) + ".rbr_reparam");
  std::vector<Value> inputs{rewriter.mapped(branches[0].source),
                            rewriter.add_parameter(name + ".weight", narrowed(shape, kernel), true, owner)};
  if (std::any_of(branches.begin(), branches.end(), [](const Branch& branch) { return branch.shifts; })) {
    inputs.push_back(
        rewriter.add_parameter(name + ".bias", narrowed({frame.out_channels}, bias), true, owner));
  }
  rewriter.replace(add, rewriter.add(name, frame.op, std::move(inputs), owner));
}

}  // namespace

ir::Model merge_rep_branches(const ir::Model& model) {
  Rewriter rewriter(model);
  for (const Value value : rewriter.old_values()) {
    const Value* reader = ir::sole_consumer(model.graph, value);
    // Part of a larger sum that merges as a whole: kept here, dropped by finish().
    const bool inner = reader != nullptr && branches_of(model, *reader).has_value();
    const auto branches = inner ? std::nullopt : branches_of(model, value);
    if (branches) {
      merge(rewriter, model, value, *branches);
    } else {
      rewriter.keep(value);
    }
  }
  return rewriter.finish();
}

}  // namespace y6q::passes
