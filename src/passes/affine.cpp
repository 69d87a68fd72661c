#include "passes/affine.h"

#include <cmath>

namespace y6q::passes {

Affine Affine::identity(int64_t channels) {
  const auto count = static_cast<size_t>(channels);
  return {std::vector<double>(count, 1), std::vector<double>(count, 0)};
}

Affine Affine::after(const Affine& inner) const {
  Affine result = *this;
  for (size_t c = 0; c < scale.size(); ++c) {
    result.scale[c] = scale[c] * inner.scale[c];
    result.shift[c] = scale[c] * inner.shift[c] + shift[c];
  }
  return result;
}

Affine affine_of_batch_norm(const ir::Model& model, ir::Value value) {
  const ir::Node& node = model.graph.node(value);
  const double eps = std::get<ir::BatchNorm>(node.op).eps;
  const auto &gain = model.floats(node.inputs[1]), &bias = model.floats(node.inputs[2]);
  const auto &mean = model.floats(node.inputs[3]), &variance = model.floats(node.inputs[4]);
  Affine result = Affine::identity(static_cast<int64_t>(gain.size()));
  for (size_t c = 0; c < gain.size(); ++c) {
    result.scale[c] = static_cast<double>(gain[c]) / std::sqrt(static_cast<double>(variance[c]) + eps);
    result.shift[c] = static_cast<double>(bias[c]) - static_cast<double>(mean[c]) * result.scale[c];
  }
  return result;
}

}  // namespace y6q::passes
