#include "onnx/attributes.h"

namespace y6q::onnx {

const ::onnx::AttributeProto* attribute(const ::onnx::NodeProto& node, std::string_view name) {
  for (const auto& found : node.attribute()) {
    if (found.name() == name) return &found;
  }
  return nullptr;
}

int64_t int_attribute(const ::onnx::NodeProto& node, std::string_view name, int64_t otherwise) {
  const auto* found = attribute(node, name);
  return found == nullptr ? otherwise : found->i();
}

float float_attribute(const ::onnx::NodeProto& node, std::string_view name, float otherwise) {
  const auto* found = attribute(node, name);
  return found == nullptr ? otherwise : found->f();
}

std::vector<int64_t> ints_attribute(const ::onnx::NodeProto& node, std::string_view name,
                                    std::vector<int64_t> otherwise) {
  const auto* found = attribute(node, name);
  if (found == nullptr) return otherwise;
  if (static_cast<size_t>(found->ints_size()) != otherwise.size())
    refuse(node, "'{}' has {} numbers, {} are accepted", name, found->ints_size(), otherwise.size());
  return {found->ints().begin(), found->ints().end()};
}

}  // namespace y6q::onnx
