#include <algorithm>

#include "onnx/emit.h"

namespace y6q::onnx {
namespace {

constexpr const char *kCount = "num_dets", *kBoxes = "det_boxes", *kScores = "det_scores",
                     *kClasses = "det_classes";

class Suppressing {
 public:
  Suppressing(GraphWriter& graph, const DecodedCells& cells, const Suppression& op, const std::string& name)
      : graph_(graph), cells_(cells), op_(op), name_(name) {
    const std::string reach = step("Mul", {cells.size, cells.half}, "reach");
    const std::string sides = graph.fresh(part("sides"));
    set_attribute(graph.node("Concat",
                             {step("Sub", {cells.centre, reach}, "left_top_corner"),
                              step("Add", {cells.centre, reach}, "right_bottom_corner")},
                             sides),
                  "axis", int64_t{1});
    corners_ = graph.fresh(part("corners"));  // [B, A, 4]
    set_attribute(graph.node("Transpose", {sides}, corners_), "perm", {0, 2, 1});
  }

  void by_plugin() {
    const std::string scores = graph_.fresh(part("cell_scores"));
    set_attribute(graph_.node("Transpose", {cells_.scores}, scores), "perm", {0, 2, 1});
    ::onnx::NodeProto& node = graph_.node("EfficientNMS_TRT", {corners_, scores}, kCount);
    node.set_name(part("suppression"));
    node.set_domain("TRT");
    for (const char* output : {kBoxes, kScores, kClasses}) node.add_output(output);
    set_attribute(node, "background_class", int64_t{-1});
    set_attribute(node, "box_coding", int64_t{0});
    set_attribute(node, "class_agnostic", int64_t{0});
    set_attribute(node, "iou_threshold", op_.iou_threshold);
    set_attribute(node, "max_output_boxes", kept());
    set_attribute(node, "plugin_version", "1");
    set_attribute(node, "score_activation", int64_t{0});
    set_attribute(node, "score_threshold", op_.score_threshold);
  }

  /// The node gives [image, class, cell] of all that is kept; the best of an image are found by putting the
  /// scores of these in their places, and zeros in all others.
  void by_onnx() {
    const std::string selected =
        step("NonMaxSuppression",
             {corners_, cells_.scores, integers("most", {kept()}), number("iou", op_.iou_threshold),
              number("score", op_.score_threshold)},
             "selected");
    const std::string places = step("ScatterND",
                                    {step("Sub", {cells_.scores, cells_.scores}, "nothing"), selected,
                                     step("GatherND", {cells_.scores, selected}, "selected_scores")},
                                    "kept_scores");
    ::onnx::NodeProto& best = graph_.node(
        "TopK", {step("Reshape", {places, integers("flat_shape", {0, -1})}, "flat"), integers("k", {kept()})},
        kScores);
    const std::string index = graph_.fresh(part("best"));  // class * A + cell
    best.set_name(part("top"));
    best.add_output(index);
    const std::string cells = graph_.constant(part("cell_count"), {{}, std::vector<int64_t>{cells_.cells}});
    cast(step("Div", {index, cells}, "best_class"), kClasses);
    const std::string cell =
        step("Unsqueeze", {step("Mod", {index, cells}, "best_cell"), integers("last", {2})}, "best_cells");
    ::onnx::NodeProto& boxes = graph_.node("GatherND", {corners_, cell}, kBoxes);
    boxes.set_name(part("best_boxes"));
    set_attribute(boxes, "batch_dims", int64_t{1});
    const std::string found = graph_.fresh(part("found"));
    cast(step("Greater", {kScores, graph_.constant(part("no_score"), ir::Array::scalar(0.0F))}, "is_found"),
         found);
    ::onnx::NodeProto& count = graph_.node("ReduceSum", {found, integers("columns", {1})}, kCount);
    count.set_name(part("count"));
    set_attribute(count, "keepdims", int64_t{1});
  }

 private:
  std::string part(const std::string& of) const { return name_ + "." + of; }
  std::string step(const char* type, std::vector<std::string> inputs, const std::string& of) {
    return graph_.step(type, std::move(inputs), part(of));
  }
  std::string integers(const std::string& of, std::vector<int64_t> values) {
    const auto count = static_cast<int64_t>(values.size());
    return graph_.constant(part(of), {{count}, std::move(values)});
  }
  std::string number(const std::string& of, float value) {
    return graph_.constant(part(of), {{1}, std::vector<float>{value}});
  }
  void cast(const std::string& input, const std::string& output) {
    ::onnx::NodeProto& node = graph_.node("Cast", {input}, output);
    node.set_name(part(output));
    set_attribute(node, "to", int64_t{::onnx::TensorProto::INT32});
  }
  int64_t kept() const { return kept_boxes(op_, cells_.cells, cells_.classes); }

  GraphWriter& graph_;
  const DecodedCells& cells_;
  const Suppression& op_;
  const std::string& name_;
  std::string corners_;
};

}  // namespace

void emit_suppression(GraphWriter& graph, const DecodedCells& cells, const Suppression& op,
                      const std::string& name) {
  Suppressing suppressing(graph, cells, op, name);
  op.by == Suppressor::efficient ? suppressing.by_plugin() : suppressing.by_onnx();
}

int64_t kept_boxes(const Suppression& op, int64_t cells, int64_t classes) {
  return std::min(op.max_detections, cells * classes);
}

void describe_suppressed(::onnx::GraphProto& graph, int64_t batch, int64_t boxes) {
  constexpr auto kInteger = ::onnx::TensorProto::INT32;
  describe(*graph.add_output(), kCount, {batch, 1}, kInteger);
  describe(*graph.add_output(), kBoxes, {batch, boxes, 4});
  describe(*graph.add_output(), kScores, {batch, boxes});
  describe(*graph.add_output(), kClasses, {batch, boxes}, kInteger);
}

}  // namespace y6q::onnx
