#pragma once

#include <map>
#include <string>
#include <vector>

#include "ir/model.h"

namespace y6q::ir {

/// A tensor of the interpreter: row-major doubles.
struct Tensor {
  Shape shape;
  std::vector<double> data;
};

/// Runs the model in double, one naive loop an operator, batch normalisation on running statistics.
/// The referee of passes, of eager and of exported files; slow on purpose. images [N, 3, H, W], any N, H and
/// W that the graph's operators accept. Returns the outputs by name.
std::map<std::string, Tensor> interpret(const Model& model, const Tensor& images);

/// The same, every node's result by node name.
std::map<std::string, Tensor> interpret_all(const Model& model, const Tensor& images);

}  // namespace y6q::ir
