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

ir::Hw pads_of(const ::onnx::NodeProto& node) {
  const auto pads = ints_attribute(node, "pads", {0, 0, 0, 0});
  const auto* automatic = attribute(node, "auto_pad");
  const bool is_explicit = automatic == nullptr || automatic->s().empty() || automatic->s() == "NOTSET" ||
                           automatic->s() == "VALID";
  if (!is_explicit || pads[0] != pads[2] || pads[1] != pads[3])
    refuse(node, "its pads differ from side to side, or are automatic; equal ones are accepted");
  return {pads[0], pads[1]};
}

ir::Hw pair_of(const ::onnx::NodeProto& node, std::string_view name) {
  const auto values = ints_attribute(node, name, {1, 1});
  return {values[0], values[1]};
}

void require_all(const ::onnx::NodeProto& node, std::string_view name, std::vector<int64_t> accepted) {
  const auto values = ints_attribute(node, name, accepted);
  if (values != accepted) refuse(node, "'{}' is not {}, which alone is accepted", name, accepted[0]);
}

}  // namespace y6q::onnx
