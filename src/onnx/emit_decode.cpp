#include "onnx/emit.h"

namespace y6q::onnx {
namespace {

/// Anchor points [1, 2, A] (x, y in stride units) and strides [1, 1, A] of all cells, levels in order, rows
/// first.
struct Cells {
  ir::Array points, strides;

  Cells(const std::vector<int64_t>& level_strides, const std::vector<ir::Shape>& maps) {
    std::vector<float> x, y, stride;
    for (size_t l = 0; l < maps.size(); ++l) {
      for (int64_t row = 0; row < maps[l][2]; ++row) {
        for (int64_t column = 0; column < maps[l][3]; ++column) {
          x.push_back(static_cast<float>(column) + 0.5F);
          y.push_back(static_cast<float>(row) + 0.5F);
          stride.push_back(static_cast<float>(level_strides[l]));
        }
      }
    }
    const auto count = static_cast<int64_t>(x.size());
    x.insert(x.end(), y.begin(), y.end());
    points = {{1, 2, count}, std::move(x)};
    strides = {{1, 1, count}, std::move(stride)};
  }
};

}  // namespace

// spec/01 §3.5 on all levels at once, channels before anchors until the end: every step is elementwise on
// long rows, and none names the batch, so that it may be any number.
DecodedCells emit_cells(GraphWriter& graph, const ir::Decode& op, const DecodeSources& sources,
                        const std::string& output) {
  auto name = [&](const std::string& part) { return output + "." + part; };
  auto step = [&](const char* type, std::vector<std::string> inputs, const std::string& part) {
    return graph.step(type, std::move(inputs), name(part));
  };
  auto indices = [&](const std::string& part, std::vector<int64_t> values) {
    const auto count = static_cast<int64_t>(values.size());
    return graph.constant(name(part), {{count}, std::move(values)});
  };
  // Maps [B, C, H, W] of all levels as one [B, C, A].
  auto join = [&](const std::vector<std::string>& maps, int64_t channels, const std::string& part) {
    const std::string shape = indices(part + "_shape", {0, channels, -1});
    std::vector<std::string> rows;
    for (const std::string& map : maps) rows.push_back(step("Reshape", {map, shape}, part + "_rows"));
    const std::string joined = graph.fresh(name(part));
    set_attribute(graph.node("Concat", std::move(rows), joined), "axis", int64_t{2});
    return joined;
  };
  const std::string scores = step("Sigmoid", {join(sources.cls, sources.maps[0][1], "cls")}, "scores");
  const std::string sides = join(sources.reg, 4, "reg");
  const std::string zero = indices("zero", {0}), one = indices("one", {1}), two = indices("two", {2}),
                    four = indices("four", {4});
  const std::string near = step("Slice", {sides, zero, two, one}, "left_top");
  const std::string far = step("Slice", {sides, two, four, one}, "right_bottom");
  const Cells cells(op.strides, sources.maps);
  const std::string strides = graph.constant(name("strides"), cells.strides);
  const std::string half = graph.constant(name("half"), ir::Array::scalar(0.5F));
  const std::string shift = step("Mul", {step("Sub", {far, near}, "difference"), half}, "shift");
  const std::string centre = step(
      "Mul", {step("Add", {shift, graph.constant(name("points"), cells.points)}, "cell_centre"), strides},
      "centre");
  const std::string size = step("Mul", {step("Add", {near, far}, "cell_size"), strides}, "size");
  return {centre, size, scores, half, cells.strides.shape[2], sources.maps[0][1]};
}

void emit_rows(GraphWriter& graph, const DecodedCells& cells, const std::string& output) {
  auto name = [&](const std::string& part) { return output + "." + part; };
  const std::string boxes = graph.fresh(name("boxes"));
  set_attribute(graph.node("Concat", {cells.centre, cells.size}, boxes), "axis", int64_t{1});
  // Column 4, the objectness of older networks, is 1.
  const std::string pads = graph.constant(name("pads"), {{6}, std::vector<int64_t>{0, 0, 0, 0, 1, 0}});
  const std::string with_one =
      graph.step("Pad", {boxes, pads, graph.constant(name("objectness"), ir::Array::scalar(1.0F))},
                 name("boxes_and_one"));
  const std::string columns = graph.fresh(name("columns"));
  set_attribute(graph.node("Concat", {with_one, cells.scores}, columns), "axis", int64_t{1});
  set_attribute(graph.node("Transpose", {columns}, output), "perm", {0, 2, 1});
}

}  // namespace y6q::onnx
