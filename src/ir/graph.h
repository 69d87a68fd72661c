#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ir/ops.h"

namespace y6q::ir {

/// Handle of a node's result; valid for the graph that made it.
struct Value {
  uint32_t id = 0;
  auto operator<=>(const Value&) const = default;
};

struct Node {
  std::string name;  ///< unique in the graph; of a Parameter: its checkpoint key, "backbone.stem.conv.weight"
  std::string owner;  ///< path of the block it belongs to, "backbone.stem"; may be empty
  Op op;
  std::vector<Value> inputs;
  Shape shape;  ///< of the result, for the shape given to Input
};

struct Output {
  std::string name;
  Value value;
};

/// Append-only: nodes are in execution order, operands come before their users, handles never dangle.
/// A pass walks the nodes of one graph and adds to another.
class Graph {
 public:
  /// Infers the shape. Throws ShapeError (operands do not fit) or InputError (name taken or not made of
  /// letters, digits and "._/:-").
  Value add(std::string name, Op op, std::vector<Value> inputs, std::string owner = {});
  /// Names a result that callers want: a prediction, or a tap for distillation. Throws InputError when taken.
  void mark_output(std::string name, Value value);

  size_t size() const { return nodes_.size(); }
  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& node(Value value) const { return nodes_.at(value.id); }
  const Node& operator[](size_t index) const { return nodes_[index]; }
  const std::vector<Output>& outputs() const { return outputs_; }
  std::optional<Value> find(std::string_view name) const;
  std::optional<Value> find_output(std::string_view name) const;
  /// The nodes that read `value`, in execution order; each once.
  const std::vector<Value>& consumers(Value value) const { return consumers_.at(value.id); }
  bool is_output(Value value) const;

 private:
  std::vector<Node> nodes_;
  std::vector<Output> outputs_;
  std::vector<std::vector<Value>> consumers_;
  std::unordered_map<std::string, uint32_t> ids_;
};

/// Shape of the result. Throws ShapeError that names the operator, the operands' shapes and what is accepted.
Shape infer_shape(const Op& op, std::span<const Shape> inputs);

/// "[1, 3, 320, 320]".
std::string to_text(const Shape& shape);

/// Product of the extents; 1 for a scalar.
int64_t element_count(const Shape& shape);

}  // namespace y6q::ir
