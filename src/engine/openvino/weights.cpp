#include "engine/openvino/weights.h"

#include <algorithm>
#include <cmath>
#include <openvino/core/graph_util.hpp>
#include <openvino/op/clamp.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/convert.hpp>
#include <openvino/op/convolution.hpp>
#include <openvino/op/fake_quantize.hpp>
#include <openvino/op/group_conv.hpp>
#include <openvino/op/matmul.hpp>
#include <openvino/op/multiply.hpp>
#include <openvino/op/reshape.hpp>
#include <openvino/op/round.hpp>
#include <openvino/op/subtract.hpp>
#include <openvino/op/transpose.hpp>
#include <openvino/pass/constant_folding.hpp>
#include <vector>

#include "base/errors.h"

namespace y6q::engine {
namespace {

using ov::op::v0::Clamp;
using ov::op::v0::Constant;
using ov::op::v0::FakeQuantize;
using ov::op::v1::Multiply;
using ov::op::v5::Round;
using NodePtr = std::shared_ptr<ov::Node>;

/// Numbers of a constant that is broadcast along at most one axis of another tensor.
class Along {
 public:
  Along(const ov::Output<ov::Node>& value, const ov::Shape& shape) {
    const auto constant = ov::as_type_ptr<Constant>(value.get_node_shared_ptr());
    if (!constant)
      throw InputError("quantizer '{}': its range is computed", value.get_node()->get_friendly_name());
    values_ = constant->cast_vector<double>();
    const ov::Shape& own = constant->get_shape();
    size_t axis = own.size();
    while (axis > 0 && own[axis - 1] == 1) --axis;
    for (size_t from_end = own.size() - axis; from_end > 0; --from_end)
      run_ *= shape[shape.size() - from_end];
  }
  double operator[](size_t element) const { return values_[element / run_ % values_.size()]; }
  bool is_one_number() const { return values_.size() == 1; }

 private:
  std::vector<double> values_;
  size_t run_ = 1;  ///< elements in a row that share a number
};

/// FakeQuantize: codes 0 to levels - 1 stand for [low, high] of the input and of the output.
struct Grid {
  Grid(const FakeQuantize& quantizer, const ov::Shape& shape)
      : low(quantizer.input_value(1), shape),
        high(quantizer.input_value(2), shape),
        out_low(quantizer.input_value(3), shape),
        out_high(quantizer.input_value(4), shape),
        steps(static_cast<double>(quantizer.get_levels() - 1)) {}

  double quantized(double x, size_t element) const {
    const double step = (high[element] - low[element]) / steps;
    const double inside = std::clamp(x, low[element], high[element]);
    // Rounded as x / step, as the file says, not from the range's lower end: the same grid, other ties.
    const double code = step > 0 ? std::nearbyint(inside / step) - std::nearbyint(low[element] / step) : 0;
    return out_low[element] + code * out_step(element);
  }
  double out_step(size_t element) const { return (out_high[element] - out_low[element]) / steps; }

  Along low, high, out_low, out_high;
  double steps;
};

std::vector<double> quantized(const FakeQuantize& quantizer, const Constant& source) {
  const Grid grid(quantizer, source.get_shape());
  std::vector<double> values = source.cast_vector<double>();
  for (size_t i = 0; i < values.size(); ++i) values[i] = grid.quantized(values[i], i);
  return values;
}

int64_t largest_code(const FakeQuantize& quantizer, const Constant& source) {
  const Grid grid(quantizer, source.get_shape());
  const std::vector<double> values = quantized(quantizer, source);
  double largest = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (grid.out_step(i) > 0) largest = std::max(largest, std::fabs(values[i] / grid.out_step(i)));
  }
  return std::llround(largest);
}

int64_t largest_code(const Constant& source) {
  if (source.get_element_type() != ov::element::i8 && source.get_element_type() != ov::element::u8) return 0;
  int64_t largest = 0;
  for (const int64_t code : source.cast_vector<int64_t>()) largest = std::max(largest, std::abs(code));
  return largest;
}

bool reads_weights(const ov::Node& node) {
  return ov::is_type<ov::op::v1::Convolution>(&node) ||
         ov::is_type<ov::op::v1::ConvolutionBackpropData>(&node) ||
         ov::is_type<ov::op::v1::GroupConvolution>(&node) ||
         ov::is_type<ov::op::v1::GroupConvolutionBackpropData>(&node) ||
         ov::is_type<ov::op::v0::MatMul>(&node);
}

bool passes_codes_on(const ov::Node& node) {
  return ov::is_type<ov::op::v0::Convert>(&node) || ov::is_type<Multiply>(&node) ||
         ov::is_type<ov::op::v1::Subtract>(&node) || ov::is_type<ov::op::v1::Reshape>(&node) ||
         ov::is_type<ov::op::v1::Transpose>(&node);
}

NodePtr constant_of(const std::vector<double>& values, const ov::Shape& shape) {
  return std::make_shared<Constant>(ov::element::f32, shape,
                                    std::vector<float>(values.begin(), values.end()));
}

NodePtr in_float(const FakeQuantize& quantizer) {
  const Grid grid(quantizer, {});
  if (quantizer.input_value(1) != quantizer.input_value(3) ||
      quantizer.input_value(2) != quantizer.input_value(4) || !grid.low.is_one_number() ||
      !grid.high.is_one_number()) {
    throw InputError("quantizer '{}': has no range of its own for the whole tensor",
                     quantizer.get_friendly_name());
  }
  const double step = grid.out_step(0);
  const NodePtr codes = std::make_shared<Multiply>(quantizer.input_value(0), constant_of({1 / step}, {}));
  const NodePtr whole = std::make_shared<Round>(codes, Round::RoundMode::HALF_TO_EVEN);
  const NodePtr inside =
      std::make_shared<Clamp>(whole, std::nearbyint(grid.low[0] / step), std::nearbyint(grid.high[0] / step));
  return std::make_shared<Multiply>(inside, constant_of({step}, {}));
}

}  // namespace

int64_t largest_weight_code(const ov::Model& model) {
  int64_t largest = 0;
  for (const NodePtr& reader : model.get_ops()) {
    if (!reads_weights(*reader)) continue;
    NodePtr node = reader->get_input_node_shared_ptr(1);
    while (passes_codes_on(*node)) node = node->get_input_node_shared_ptr(0);
    if (const auto constant = ov::as_type_ptr<Constant>(node))
      largest = std::max(largest, largest_code(*constant));
    const auto quantizer = ov::as_type_ptr<FakeQuantize>(node);
    if (!quantizer) continue;
    const auto source = ov::as_type_ptr<Constant>(quantizer->get_input_node_shared_ptr(0));
    if (source) largest = std::max(largest, largest_code(*quantizer, *source));
  }
  return largest;
}

void compute_in_float(ov::Model& model) {
  for (const NodePtr& node : model.get_ordered_ops()) {
    const auto quantizer = ov::as_type_ptr<FakeQuantize>(node);
    if (!quantizer) continue;
    const auto source = ov::as_type_ptr<Constant>(quantizer->get_input_node_shared_ptr(0));
    const NodePtr replacement =
        source ? constant_of(quantized(*quantizer, *source), source->get_shape()) : in_float(*quantizer);
    replacement->set_friendly_name(quantizer->get_friendly_name());
    ov::replace_node(quantizer, replacement);
  }
  // Weights become float constants: what is left of bytes would be taken for a quantized network.
  ov::pass::ConstantFolding().run_on_model(model.shared_from_this());
  model.validate_nodes_and_infer_types();
}

}  // namespace y6q::engine
