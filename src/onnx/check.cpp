#include "onnx/check.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/errors.h"
#include "base/half.h"
#include "onnx/attributes.h"
#include "onnx/read_tensor.h"

namespace y6q::onnx {
namespace {

using ::onnx::NodeProto;
using ::onnx::TensorProto;

struct Tensor {
  int32_t type = TensorProto::UNDEFINED;
  const TensorProto* constant = nullptr;
};

bool is_float(int32_t type) { return type == TensorProto::FLOAT || type == TensorProto::FLOAT16; }

bool is_one_of(std::string_view type, std::initializer_list<std::string_view> types) {
  return std::ranges::find(types, type) != types.end();
}

size_t element_size(const TensorProto& tensor) {
  switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      return sizeof(float);
    case TensorProto::FLOAT16:
      return sizeof(uint16_t);
    case TensorProto::INT8:
    case TensorProto::UINT8:
      return 1;
    case TensorProto::INT64:
      return sizeof(int64_t);
    default:
      throw InputError("onnx: tensor '{}': has type {}; FLOAT, FLOAT16, INT8, UINT8 and INT64 are accepted",
                       tensor.name(), type_name(tensor.data_type()));
  }
}

/// Elements of a constant of FLOAT or FLOAT16.
std::vector<float> floats(const TensorProto& tensor) {
  const std::string& raw = tensor.raw_data();
  std::vector<float> values(element_count(tensor));
  for (size_t i = 0; i < values.size(); ++i) {
    if (tensor.data_type() == TensorProto::FLOAT) {
      std::memcpy(&values[i], raw.data() + i * sizeof(float), sizeof(float));
    } else {
      uint16_t half = 0;
      std::memcpy(&half, raw.data() + i * sizeof half, sizeof half);
      values[i] = widen_half(half);
    }
  }
  return values;
}

void check_constant(const TensorProto& tensor) {
  const size_t bytes = element_count(tensor) * element_size(tensor);
  if (tensor.raw_data().size() != bytes) {
    throw InputError("onnx: tensor '{}': {} bytes of data, its shape takes {}", tensor.name(),
                     tensor.raw_data().size(), bytes);
  }
  if (!is_float(tensor.data_type())) return;
  const std::vector<float> values = floats(tensor);
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    throw InputError("onnx: tensor '{}': element {} is not finite{}", tensor.name(), i,
                     tensor.data_type() == TensorProto::FLOAT16 ? "; FP16 ends at 65504" : "");
  }
}

/// Follows the nodes in their order with the type of every tensor.
class Checker {
 public:
  Checker(const ::onnx::ModelProto& file, const FileRules& rules) : graph_(file.graph()), rules_(rules) {
    for (const auto& opset : file.opset_import()) {
      if (opset.domain().empty()) opset_ = opset.version();
    }
  }

  void run() {
    for (const auto& input : graph_.input()) define(input.name(), {input.type().tensor_type().elem_type()});
    for (const TensorProto& tensor : graph_.initializer()) {
      check_constant(tensor);
      define(tensor.name(), {tensor.data_type(), &tensor});
    }
    for (const NodeProto& node : graph_.node()) {
      const std::vector<int32_t> results = result_types(node);
      if (node.output_size() != std::ssize(results))
        fail(node, "has {} results; {} is accepted", node.output_size(), results.size());
      for (int i = 0; i < node.output_size(); ++i) {
        define(node.output(i), {results[static_cast<size_t>(i)]});
        made_by_[node.output(i)] = &node;
      }
    }
    for (const auto& output : graph_.output()) {
      const auto found = tensors_.find(output.name());
      if (found == tensors_.end()) throw InputError("onnx: output '{}': no node makes it", output.name());
      const int32_t declared = output.type().tensor_type().elem_type();
      if (found->second.type != declared) {
        throw InputError("onnx: output '{}': is {}, declared as {}", output.name(),
                         type_name(found->second.type), type_name(declared));
      }
    }
  }

 private:
  template <typename... Args>
  [[noreturn]] static void fail(const NodeProto& node, fmt::format_string<Args...> format, Args&&... args) {
    throw InputError("onnx: node '{}' ({}): {}", node.name(), node.op_type(),
                     fmt::format(format, std::forward<Args>(args)...));
  }

  void define(const std::string& name, Tensor tensor) {
    if (!tensors_.emplace(name, tensor).second) throw InputError("onnx: tensor '{}': is made twice", name);
  }

  const Tensor& input(const NodeProto& node, int index) const {
    if (index >= node.input_size())
      fail(node, "has {} operands, {} are needed", node.input_size(), index + 1);
    const auto found = tensors_.find(node.input(index));
    if (found == tensors_.end()) fail(node, "reads '{}', which no node before it makes", node.input(index));
    return found->second;
  }

  std::vector<int32_t> result_types(const NodeProto& node) const {
    const std::string& type = node.op_type();
    if (type == "QuantizeLinear" || type == "DequantizeLinear") return {check_quantizer(node)};
    const int32_t first = input(node, 0).type;
    if (type == "Cast") {
      const auto* to = attribute(node, "to");
      if (to == nullptr) fail(node, "has no attribute 'to'");
      return {static_cast<int32_t>(to->i())};
    }
    check_operands(node, first);
    if (type == "EfficientNMS_TRT") {
      require_plugins(node);
      return {TensorProto::INT32, first, first, TensorProto::INT32};
    }
    if (type == "NonMaxSuppression") return {TensorProto::INT64};
    if (type == "TopK") return {first, TensorProto::INT64};
    if (type == "Greater") return {TensorProto::BOOL};
    return {first};
  }

  /// All operands have one type, but for shapes, bounds, places and numbers of elements.
  void check_operands(const NodeProto& node, int32_t first) const {
    const std::string& type = node.op_type();
    const bool has_indices = is_one_of(type, {"Reshape", "Slice", "Pad", "NonMaxSuppression", "GatherND",
                                              "ScatterND", "TopK", "Unsqueeze", "ReduceSum"});
    for (int i = 1; i < node.input_size(); ++i) {
      const int32_t other = input(node, i).type;
      if (has_indices && other == TensorProto::INT64) continue;
      if (other != first) {
        fail(node, "'{}' is {} and '{}' is {}; one type is accepted", node.input(0), type_name(first),
             node.input(i), type_name(other));
      }
    }
    const bool counts = is_one_of(type, {"Div", "Mod", "Unsqueeze", "ReduceSum"}) &&
                        (first == TensorProto::INT64 || first == TensorProto::INT32);
    if (!is_float(first) && !counts)
      fail(node, "'{}' is {}; floats are accepted", node.input(0), type_name(first));
  }

  void require_plugins(const NodeProto& node) const {
    if (!rules_.no_plugins) return;
    throw UnsupportedError(
        "onnx: node '{}' ({}): is a plug-in of TensorRT, which this runtime has not; export with --nms onnx",
        node.name(), node.op_type());
  }

  /// x or codes, scale, zero point. Returns the type of the result.
  int32_t check_quantizer(const NodeProto& node) const {
    const bool quantizes = node.op_type() == "QuantizeLinear";
    const Tensor &data = input(node, 0), &scale = input(node, 1), &zero = input(node, 2);
    if (scale.constant == nullptr || !is_float(scale.type))
      fail(node, "its scale '{}' is no constant of floats", node.input(1));
    if (scale.type == TensorProto::FLOAT16 && opset_ < kFirstWithHalfScales)
      fail(node, "its scale '{}' is FP16; opset {} has FP32 ones, {} and later both", node.input(1), opset_,
           kFirstWithHalfScales);
    for (const float step : floats(*scale.constant)) {
      if (!(step > 0)) fail(node, "its scale '{}' is {}; above 0 is accepted", node.input(1), step);
    }
    check_zero_point(node, zero, *scale.constant);
    check_axis(node, data, *scale.constant);
    const int32_t &floating = quantizes ? data.type : scale.type, &codes = quantizes ? zero.type : data.type;
    if (floating != scale.type) {
      fail(node, "'{}' is {} and its scale '{}' is {}; one type is accepted", node.input(0),
           type_name(floating), node.input(1), type_name(scale.type));
    }
    if (codes != zero.type) {
      fail(node, "'{}' is {} and its zero point '{}' is {}; one type is accepted", node.input(0),
           type_name(codes), node.input(2), type_name(zero.type));
    }
    return quantizes ? zero.type : scale.type;
  }

  void check_zero_point(const NodeProto& node, const Tensor& zero, const TensorProto& scale) const {
    const std::string& name = node.input(2);
    if (zero.constant == nullptr || (zero.type != TensorProto::INT8 && zero.type != TensorProto::UINT8))
      fail(node, "its zero point '{}' is no constant of INT8 or UINT8", name);
    if (rules_.signed_codes && zero.type != TensorProto::INT8) {
      throw UnsupportedError(
          "onnx: node '{}' ({}): its zero point '{}' is UINT8; TensorRT takes INT8: calibrate with --scheme "
          "tensorrt",
          node.name(), node.op_type(), name);
    }
    if (!std::equal(scale.dims().begin(), scale.dims().end(), zero.constant->dims().begin(),
                    zero.constant->dims().end()))
      fail(node, "its zero point '{}' has another shape than its scale '{}'", name, scale.name());
    if (zero.constant->raw_data().find_first_not_of('\0') != std::string::npos)
      fail(node, "its zero point '{}' is not 0", name);
  }

  void check_axis(const NodeProto& node, const Tensor& data, const TensorProto& scale) const {
    const auto* axis = attribute(node, "axis");
    if (scale.dims_size() == 0 && axis == nullptr) return;
    if (scale.dims_size() > 1) fail(node, "its scale '{}' has {} axes", scale.name(), scale.dims_size());
    if (axis == nullptr)
      fail(node, "its scale '{}' has one number a channel and no axis is given", scale.name());
    if (scale.dims_size() == 0) fail(node, "has an axis, and its scale '{}' is one number", scale.name());
    if (opset_ < kFirstWithAxes) {
      fail(node, "its scale '{}' has one number a channel; opset {} has one a tensor, {} and later both",
           scale.name(), opset_, kFirstWithAxes);
    }
    // Codes of a constant have its shape.
    const Tensor* source = &data;
    const auto made = made_by_.find(node.input(0));
    if (source->constant == nullptr && made != made_by_.end()) source = &input(*made->second, 0);
    if (source->constant == nullptr) fail(node, "has one scale a channel; weights alone have them");
    const auto& shape = source->constant->dims();
    if (axis->i() < 0 || axis->i() >= shape.size() || shape[static_cast<int>(axis->i())] != scale.dims(0)) {
      fail(node, "its scale '{}' has {} numbers for axis {} of [{}]", scale.name(), scale.dims(0), axis->i(),
           fmt::join(shape, ", "));
    }
  }

  static constexpr int64_t kFirstWithAxes = 13, kFirstWithHalfScales = 19;

  const ::onnx::GraphProto& graph_;
  const FileRules& rules_;
  int64_t opset_ = 0;
  std::unordered_map<std::string, Tensor> tensors_;
  std::unordered_map<std::string, const NodeProto*> made_by_;
};

}  // namespace

void check(const ::onnx::ModelProto& file, const FileRules& rules) { Checker(file, rules).run(); }

}  // namespace y6q::onnx
