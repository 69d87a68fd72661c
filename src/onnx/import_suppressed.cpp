#include "onnx/import_suppressed.h"

#include <algorithm>
#include <string_view>

#include "onnx/attributes.h"
#include "onnx/graph_writer.h"

namespace y6q::onnx {
namespace {

using ::onnx::NodeProto;

constexpr std::string_view kOfTensorRt7 = "BatchedNMSDynamic_TRT", kOfTensorRt8 = "EfficientNMS_TRT",
                           kOfOnnx = "NonMaxSuppression";

bool suppresses(const NodeProto& node) {
  return node.op_type() == kOfTensorRt7 || node.op_type() == kOfTensorRt8 || node.op_type() == kOfOnnx;
}

std::unordered_set<std::string> names_in(const ::onnx::GraphProto& graph) {
  std::unordered_set<std::string> names;
  for (const auto& input : graph.input()) names.insert(input.name());
  for (const auto& tensor : graph.initializer()) names.insert(tensor.name());
  for (const NodeProto& node : graph.node()) names.insert(node.output().begin(), node.output().end());
  return names;
}

class Rows {
 public:
  explicit Rows(::onnx::GraphProto& graph) : writer_(graph, names_in(graph)) {}

  /// boxes: [B, A, 4]; scores: [B, A, classes]. Returns the name of [B, A, 5 + classes].
  std::string of(const std::string& boxes, const std::string& scores) {
    const std::string pads = integers("pads", {0, 0, 0, 0, 0, 1});
    return join(writer_.step("Pad", {boxes, pads, number(1)}, "rows.boxes_and_one"), scores, "outputs");
  }

  /// Any two opposite corners as centre and size.
  std::string centres(const std::string& corners) {
    const std::string zero = integers("zero", {0}), two = integers("two", {2}), four = integers("four", {4});
    const std::string near = writer_.step("Slice", {corners, zero, two, two}, "rows.near"),
                      far = writer_.step("Slice", {corners, two, four, two}, "rows.far");
    const std::string sum = writer_.step("Add", {near, far}, "rows.sum");
    return join(writer_.step("Mul", {sum, number(0.5F)}, "rows.centre"),
                writer_.step("Sub", {far, near}, "rows.size"), "rows.boxes");
  }

  /// [B, A, 1, 4] as [B, A, 4].
  std::string of_all_classes(const std::string& boxes) {
    return writer_.step("Squeeze", {boxes, integers("class", {2})}, "rows.of_all_classes");
  }

  /// [B, classes, A] as [B, A, classes].
  std::string turned(const std::string& scores) {
    const std::string name = writer_.fresh("rows.scores");
    set_attribute(writer_.node("Transpose", {scores}, name), "perm", {0, 2, 1});
    return name;
  }

 private:
  std::string join(const std::string& left, const std::string& right, const std::string& wanted) {
    const std::string name = writer_.fresh(wanted);
    set_attribute(writer_.node("Concat", {left, right}, name), "axis", int64_t{2});
    return name;
  }
  std::string integers(const std::string& of, std::vector<int64_t> values) {
    const auto count = static_cast<int64_t>(values.size());
    return writer_.constant("rows." + of, {{count}, std::move(values)});
  }
  std::string number(float value) { return writer_.constant("rows.number", ir::Array::scalar(value)); }

  GraphWriter writer_;
};

}  // namespace

void drop_suppression(::onnx::GraphProto& graph) {
  const auto found = std::ranges::find_if(graph.node(), suppresses);
  if (found == graph.node().end()) return;
  const NodeProto& node = *found;
  if (node.input_size() < 2) refuse(node, "has {} operands, boxes and scores are needed", node.input_size());
  const bool is_onnx = node.op_type() == kOfOnnx;
  const bool are_centres = int_attribute(node, is_onnx ? "center_point_box" : "box_coding", 0) == 1;
  Rows rows(graph);
  std::string boxes = node.input(0);
  if (node.op_type() == kOfTensorRt7) boxes = rows.of_all_classes(boxes);
  if (!are_centres) boxes = rows.centres(boxes);
  const std::string scores = is_onnx ? rows.turned(node.input(1)) : node.input(1);
  const std::string output = rows.of(boxes, scores);
  graph.clear_output();
  graph.add_output()->set_name(output);
}

}  // namespace y6q::onnx
