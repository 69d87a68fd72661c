#pragma once

#include <onnx-ml.pb.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "ir/ops.h"

/// What a node says of itself.
namespace y6q::onnx {

/// Throws InputError that begins with the node's name and operator.
template <typename... Args>
[[noreturn]] void refuse(const ::onnx::NodeProto& node, fmt::format_string<Args...> format, Args&&... args) {
  const std::string name = node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name();
  throw InputError("onnx: node '{}' ({}): {}", name, node.op_type(),
                   fmt::format(format, std::forward<Args>(args)...));
}

/// The attribute, or nothing.
const ::onnx::AttributeProto* attribute(const ::onnx::NodeProto& node, std::string_view name);

int64_t int_attribute(const ::onnx::NodeProto& node, std::string_view name, int64_t otherwise);
float float_attribute(const ::onnx::NodeProto& node, std::string_view name, float otherwise);
/// Throws InputError when there are others than `otherwise.size()` numbers.
std::vector<int64_t> ints_attribute(const ::onnx::NodeProto& node, std::string_view name,
                                    std::vector<int64_t> otherwise);

/// Height and width of the border of a window, equal on opposite sides; throws InputError for others.
ir::Hw pads_of(const ::onnx::NodeProto& node);
/// Height and width of an attribute of two numbers, 1 and 1 where it is absent.
ir::Hw pair_of(const ::onnx::NodeProto& node, std::string_view name);
/// Throws InputError when the attribute is there and is not `accepted`, one number repeated.
void require_all(const ::onnx::NodeProto& node, std::string_view name, std::vector<int64_t> accepted);

}  // namespace y6q::onnx
