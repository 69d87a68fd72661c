#include "engine/openvino/quantizers.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <openvino/core/graph_util.hpp>
#include <openvino/op/concat.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/convert.hpp>
#include <openvino/op/convolution.hpp>
#include <openvino/op/fake_quantize.hpp>
#include <openvino/op/multiply.hpp>
#include <openvino/op/subtract.hpp>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace y6q::engine {
namespace {

using ov::op::v0::Concat;
using ov::op::v0::Constant;
using ov::op::v0::Convert;
using ov::op::v0::FakeQuantize;
using ov::op::v1::Multiply;
using ov::op::v1::Subtract;
using NodePtr = std::shared_ptr<ov::Node>;

/// The one number that a value is, looking through conversions.
std::optional<double> number(const ov::Output<ov::Node>& value) {
  NodePtr node = value.get_node_shared_ptr();
  while (ov::is_type<Convert>(node)) node = node->get_input_node_shared_ptr(0);
  const auto constant = ov::as_type_ptr<Constant>(node);
  if (!constant || ov::shape_size(constant->get_shape()) != 1) return std::nullopt;
  return constant->cast_vector<double>().at(0);
}

/// The only reader of a node's result, if it is of the wanted type and reads it as first operand.
template <typename Op>
std::shared_ptr<Op> only_reader(const NodePtr& node) {
  const auto readers = node->output(0).get_target_inputs();
  if (readers.size() != 1 || readers.begin()->get_index() != 0) return nullptr;
  return ov::as_type_ptr<Op>(readers.begin()->get_node()->shared_from_this());
}

/// The multiplication that ends a dequantization of `quantize`, when it gives back the range that went in.
NodePtr end_of_pair(const std::shared_ptr<FakeQuantize>& quantize) {
  const auto to_codes = only_reader<Convert>(quantize);
  const auto to_float = to_codes ? only_reader<Convert>(to_codes) : nullptr;
  if (!to_float) return nullptr;
  const auto shift = only_reader<Subtract>(to_float);
  const auto end = only_reader<Multiply>(shift ? NodePtr(shift) : NodePtr(to_float));
  if (!end) return nullptr;
  const auto zero_point = shift ? number(shift->input_value(1)) : std::optional<double>(0);
  const auto scale = number(end->input_value(1));
  for (size_t i = 1; i <= 2; ++i) {
    const auto real = number(quantize->input_value(i)), code = number(quantize->input_value(i + 2));
    if (!zero_point || !scale || !real || !code) return nullptr;
    if (std::fabs((*code - *zero_point) * *scale - *real) > 1e-6 * std::fabs(*real)) return nullptr;
  }
  return end;
}

void join_pairs(ov::Model& model, Arithmetic arithmetic) {
  for (const NodePtr& node : model.get_ordered_ops()) {
    const auto quantize = ov::as_type_ptr<FakeQuantize>(node);
    if (!quantize || ov::is_type<Constant>(quantize->get_input_node_ptr(0))) continue;
    const NodePtr end = end_of_pair(quantize);
    if (!end) continue;
    const auto low = quantize->input_value(1), high = quantize->input_value(2);
    const auto joined = std::make_shared<FakeQuantize>(quantize->input_value(0), low, high, low, high,
                                                       quantize->get_levels());
    joined->set_friendly_name(end->get_friendly_name());
    // The front end quantizes in FP32, also what is FP16 around it.
    NodePtr result = joined;
    if (end->get_output_element_type(0) != joined->get_output_element_type(0))
      result = std::make_shared<Convert>(joined, end->get_output_element_type(0));
    // In integers a transposed convolution keeps the pair: it takes signed codes only, others unsigned ones
    // with a zero point.
    for (ov::Input<ov::Node> reader : end->output(0).get_target_inputs()) {
      if (arithmetic == Arithmetic::floats ||
          !ov::is_type<ov::op::v1::ConvolutionBackpropData>(reader.get_node())) {
        reader.replace_source_output(result->output(0));
      }
    }
  }
}

bool same_ranges(const FakeQuantize& a, const FakeQuantize& b) {
  if (a.get_levels() != b.get_levels()) return false;
  for (size_t i = 1; i <= 4; ++i) {
    const auto left = number(a.input_value(i)), right = number(b.input_value(i));
    if (!left || !right || *left != *right) return false;
  }
  return true;
}

bool passes_values_on(const ov::Node& node) {
  return ov::is_type<const Concat>(&node) || std::string_view(node.get_type_name()) == "MaxPool";
}

/// By node: a quantizer whose grid all its values lie on, or nothing.
using Grids = std::unordered_map<const ov::Node*, const FakeQuantize*>;

const FakeQuantize* common_grid(const ov::Node& node, const Grids& grids) {
  const FakeQuantize* common = nullptr;
  for (size_t i = 0; i < node.get_input_size(); ++i) {
    const auto found = grids.find(node.get_input_node_ptr(i));
    if (found == grids.end() || (common && !same_ranges(*common, *found->second))) return nullptr;
    common = found->second;
  }
  return common;
}

void drop_repeated(ov::Model& model) {
  Grids grids;
  for (const NodePtr& node : model.get_ordered_ops()) {
    if (passes_values_on(*node)) {
      if (const FakeQuantize* grid = common_grid(*node, grids)) grids[node.get()] = grid;
      continue;
    }
    const auto quantize = ov::as_type_ptr<FakeQuantize>(node);
    if (!quantize || number(quantize->input_value(1)) != number(quantize->input_value(3)) ||
        number(quantize->input_value(2)) != number(quantize->input_value(4))) {
      continue;
    }
    const auto source = grids.find(quantize->get_input_node_ptr(0));
    if (source != grids.end() && same_ranges(*source->second, *quantize)) {
      ov::replace_output_update_name(quantize->output(0), quantize->input_value(0));
    } else {
      grids[quantize.get()] = quantize.get();
    }
  }
}

}  // namespace

void simplify_quantizers(ov::Model& model, Arithmetic arithmetic) {
  join_pairs(model, arithmetic);
  drop_repeated(model);
  model.validate_nodes_and_infer_types();
}

bool has_quantizers(const ov::Model& model) {
  const auto operations = model.get_ops();
  return std::any_of(operations.begin(), operations.end(),
                     [](const NodePtr& operation) { return ov::is_type<FakeQuantize>(operation); });
}

}  // namespace y6q::engine
