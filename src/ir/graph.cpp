#include "ir/graph.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/errors.h"

namespace y6q::ir {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '/' || c == ':' || c == '-';
}

void check_name(std::string_view name, std::string_view what) {
  constexpr size_t kLongest = 256;
  if (name.empty() || name.size() > kLongest || !std::all_of(name.begin(), name.end(), is_name_character)) {
    throw InputError("graph: {} name '{}' is not acceptable; 1 to {} letters, digits or . _ / : - are", what,
                     name.substr(0, 64), kLongest);
  }
}

}  // namespace

Value Graph::add(std::string name, Op op, std::vector<Value> inputs, std::string owner) {
  check_name(name, "node");
  if (!owner.empty()) check_name(owner, "owner");
  std::vector<Shape> shapes;
  for (const Value input : inputs) {
    if (input.id >= nodes_.size())
      throw InternalError("graph: node '{}' reads a value that does not exist", name);
    shapes.push_back(nodes_[input.id].shape);
  }
  Shape shape;
  try {
    shape = infer_shape(op, shapes);
  } catch (const ShapeError& error) {
    throw ShapeError("graph: node '{}': {}", name, error.what());
  }
  const auto id = static_cast<uint32_t>(nodes_.size());
  if (!ids_.emplace(name, id).second) throw InputError("graph: there are two nodes named '{}'", name);
  for (const Value input : inputs) {
    std::vector<Value>& readers = consumers_[input.id];
    if (readers.empty() || readers.back().id != id) readers.push_back({id});
  }
  nodes_.push_back({std::move(name), std::move(owner), std::move(op), std::move(inputs), std::move(shape)});
  consumers_.emplace_back();
  return {id};
}

void Graph::mark_output(std::string name, Value value) {
  check_name(name, "output");
  if (find_output(name)) throw InputError("graph: there are two outputs named '{}'", name);
  if (value.id >= nodes_.size())
    throw InternalError("graph: output '{}' names a value that does not exist", name);
  outputs_.push_back({std::move(name), value});
}

std::optional<Value> Graph::find(std::string_view name) const {
  const auto found = ids_.find(std::string(name));
  if (found == ids_.end()) return std::nullopt;
  return Value{found->second};
}

std::optional<Value> Graph::find_output(std::string_view name) const {
  for (const Output& output : outputs_) {
    if (output.name == name) return output.value;
  }
  return std::nullopt;
}

bool Graph::is_output(Value value) const {
  return std::any_of(outputs_.begin(), outputs_.end(), [&](const Output& o) { return o.value == value; });
}

std::string to_text(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

int64_t element_count(const Shape& shape) {
  int64_t count = 1;
  for (const int64_t extent : shape) count *= extent;
  return count;
}

}  // namespace y6q::ir
