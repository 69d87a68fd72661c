#include "onnx/graph_writer.h"

#include <algorithm>
#include <bit>

#include "base/half.h"

namespace y6q::onnx {
namespace {

// raw_data is little-endian, like every machine that this runs on.
static_assert(std::endian::native == std::endian::little);

template <typename T>
void set_raw(::onnx::TensorProto& tensor, const std::vector<T>& values, ::onnx::TensorProto::DataType type) {
  tensor.set_data_type(type);
  tensor.set_raw_data(values.data(), values.size() * sizeof(T));
}

void set_data(::onnx::TensorProto& tensor, const std::vector<float>& values) {
  set_raw(tensor, values, ::onnx::TensorProto::FLOAT);
}
void set_data(::onnx::TensorProto& tensor, const std::vector<int8_t>& values) {
  set_raw(tensor, values, ::onnx::TensorProto::INT8);
}
void set_data(::onnx::TensorProto& tensor, const std::vector<int64_t>& values) {
  set_raw(tensor, values, ::onnx::TensorProto::INT64);
}

::onnx::AttributeProto& attribute(::onnx::NodeProto& node, const char* name,
                                  ::onnx::AttributeProto::AttributeType type) {
  ::onnx::AttributeProto& added = *node.add_attribute();
  added.set_name(name);
  added.set_type(type);
  return added;
}

}  // namespace

std::string GraphWriter::fresh(const std::string& wanted) {
  std::string name = wanted;
  for (int i = 1; !taken_.insert(name).second; ++i) name = wanted + "_" + std::to_string(i);
  return name;
}

::onnx::NodeProto& GraphWriter::node(const char* type, std::vector<std::string> inputs,
                                     const std::string& output) {
  ::onnx::NodeProto& node = *graph_.add_node();
  node.set_op_type(type);
  node.set_name(output);
  for (std::string& input : inputs) node.add_input(std::move(input));
  node.add_output(output);
  return node;
}

std::string GraphWriter::step(const char* type, std::vector<std::string> inputs, const std::string& wanted) {
  std::string name = fresh(wanted);
  node(type, std::move(inputs), name);
  return name;
}

::onnx::TensorProto& GraphWriter::tensor(const std::string& name, const ir::Shape& shape) {
  ::onnx::TensorProto& tensor = *graph_.add_initializer();
  tensor.set_name(name);
  for (const int64_t extent : shape) tensor.add_dims(extent);
  return tensor;
}

void GraphWriter::cast(const std::string& input, Remainder to, const std::string& output) {
  const auto type = to == Remainder::fp16 ? ::onnx::TensorProto::FLOAT16 : ::onnx::TensorProto::FLOAT;
  set_attribute(node("Cast", {input}, output), "to", int64_t{type});
}

void GraphWriter::initializer(const std::string& name, const ir::Array& array, Remainder floats) {
  ::onnx::TensorProto& added = tensor(name, array.shape);
  const auto* values = std::get_if<std::vector<float>>(&array.data);
  if (values != nullptr && floats == Remainder::fp16) {
    std::vector<uint16_t> halves(values->size());
    std::transform(values->begin(), values->end(), halves.begin(), narrow_half);
    set_raw(added, halves, ::onnx::TensorProto::FLOAT16);
  } else {
    std::visit([&](const auto& elements) { set_data(added, elements); }, array.data);
  }
}

std::string GraphWriter::constant(const std::string& wanted, const ir::Array& array, Remainder floats) {
  std::string name = fresh(wanted);
  initializer(name, array, floats);
  return name;
}

std::string GraphWriter::zero_points(const std::string& wanted, const ir::Shape& shape, bool is_signed) {
  std::string name = fresh(wanted);
  const std::vector<int8_t> zeros(static_cast<size_t>(ir::element_count(shape)));
  set_raw(tensor(name, shape), zeros, is_signed ? ::onnx::TensorProto::INT8 : ::onnx::TensorProto::UINT8);
  return name;
}

void set_attribute(::onnx::NodeProto& node, const char* name, int64_t value) {
  attribute(node, name, ::onnx::AttributeProto::INT).set_i(value);
}

void set_attribute(::onnx::NodeProto& node, const char* name, float value) {
  attribute(node, name, ::onnx::AttributeProto::FLOAT).set_f(value);
}

void set_attribute(::onnx::NodeProto& node, const char* name, const char* value) {
  attribute(node, name, ::onnx::AttributeProto::STRING).set_s(value);
}

void set_attribute(::onnx::NodeProto& node, const char* name, std::initializer_list<int64_t> values) {
  ::onnx::AttributeProto& added = attribute(node, name, ::onnx::AttributeProto::INTS);
  for (const int64_t value : values) added.add_ints(value);
}

void describe(::onnx::ValueInfoProto& info, const std::string& name, const ir::Shape& shape,
              ::onnx::TensorProto::DataType element) {
  info.set_name(name);
  auto& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(element);
  for (const int64_t extent : shape) {
    auto& dim = *type.mutable_shape()->add_dim();
    if (extent < 0) {
      dim.set_dim_param("batch");
    } else {
      dim.set_dim_value(extent);
    }
  }
}

}  // namespace y6q::onnx
