#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "ir/graph.h"

namespace y6q::ir {

/// A host array, row-major.
struct Array {
  Shape shape;
  std::variant<std::vector<float>, std::vector<int8_t>, std::vector<int64_t>> data;

  static Array zeros(Shape shape);
  static Array filled(Shape shape, float value);
  static Array scalar(float value) { return {{}, std::vector<float>{value}}; }
  /// The float elements. Throws InputError when the array holds integers.
  const std::vector<float>& floats() const;
  std::vector<float>& floats();
  bool operator==(const Array&) const = default;
};

/// The one thing that travels between folders: a graph and the arrays of its Parameter nodes, by node name.
struct Model {
  Graph graph;
  std::map<std::string, Array> weights;

  /// Adds a Parameter node and its array together.
  Value add_parameter(std::string name, Array array, bool trainable, std::string owner = {});
  /// The array of a Parameter node.
  const Array& weight(Value parameter) const;
  const std::vector<float>& floats(Value parameter) const { return weight(parameter).floats(); }
};

/// Every Parameter has an array of its shape, no array lacks its Parameter, all floats are finite, ranges are
/// not negative. Throws InputError with all findings. Run after reading a file and, in tests, after every
/// pass.
void validate(const Model& model);

/// Learnable elements: those of the trainable parameters.
int64_t parameter_count(const Model& model);

/// The same network for another input, e.g. {1, 3, 320, 320}. Throws ShapeError.
Model with_input_shape(const Model& model, const Shape& shape);

}  // namespace y6q::ir
