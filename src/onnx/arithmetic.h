#pragma once

#include <onnx-ml.pb.h>

#include <string>
#include <vector>

#include "ir/interpret.h"

/// The operators with which exporters write shapes, anchor points and the decoding of boxes.
namespace y6q::onnx {

/// Computes such a node, or several in a row, in double; integers are whole numbers below 2^53.
class Arithmetic {
 public:
  /// most: elements that this object computes in all, before it refuses. A file of some bytes can ask for any
  /// number.
  explicit Arithmetic(int64_t most) : most_(most) {}
  /// So many more, but not more than 2^28: for what the file itself holds.
  void allow(int64_t elements);

  /// Result number `result` of a node from its operands (null: left out). Throws InputError naming node and
  /// operator: one that is not known here, operands that do not fit, too many elements.
  ir::Tensor run(const ::onnx::NodeProto& node, const std::vector<const ir::Tensor*>& operands, int result);

  /// Whether run() knows the operator.
  static bool knows(const std::string& op_type);

 private:
  int64_t most_, elements_ = 0;
};

}  // namespace y6q::onnx
