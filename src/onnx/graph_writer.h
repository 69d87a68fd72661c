#pragma once

#include <onnx-ml.pb.h>

#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "ir/model.h"
#include "onnx/write.h"

namespace y6q::onnx {

/// Adds nodes and constants to an ONNX graph; tensors are known by name.
class GraphWriter {
 public:
  GraphWriter(::onnx::GraphProto& graph, std::unordered_set<std::string> taken)
      : graph_(graph), taken_(std::move(taken)) {}

  /// `wanted`, or `wanted` with a number when that is taken.
  std::string fresh(const std::string& wanted);
  /// A node with one result, which is called `output`.
  ::onnx::NodeProto& node(const char* type, std::vector<std::string> inputs, const std::string& output);
  /// The same, the result's name made from `wanted` and returned.
  std::string step(const char* type, std::vector<std::string> inputs, const std::string& wanted);
  /// A node that converts `input`; its result is called `output`.
  void cast(const std::string& input, Remainder to, const std::string& output);

  /// An initializer under exactly this name; floats in the given type, rounded to it.
  void initializer(const std::string& name, const ir::Array& array, Remainder floats = Remainder::fp32);
  /// Constants; the name is made from `wanted` and returned.
  std::string constant(const std::string& wanted, const ir::Array& array, Remainder floats = Remainder::fp32);
  /// The zero points of a quantizer: zeros of int8 or uint8, shape [] or [C].
  std::string zero_points(const std::string& wanted, const ir::Shape& shape, bool is_signed);

 private:
  ::onnx::TensorProto& tensor(const std::string& name, const ir::Shape& shape);

  ::onnx::GraphProto& graph_;
  std::unordered_set<std::string> taken_;
};

void set_attribute(::onnx::NodeProto& node, const char* name, int64_t value);
void set_attribute(::onnx::NodeProto& node, const char* name, float value);
void set_attribute(::onnx::NodeProto& node, const char* name, const char* value);
void set_attribute(::onnx::NodeProto& node, const char* name, std::initializer_list<int64_t> values);

/// `type` [dims]; a negative extent is written as the symbol `batch`.
void describe(::onnx::ValueInfoProto& info, const std::string& name, const ir::Shape& shape,
              ::onnx::TensorProto::DataType type = ::onnx::TensorProto::FLOAT);

}  // namespace y6q::onnx
