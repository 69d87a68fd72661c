#include "onnx/emit.h"

#include <cmath>

#include "base/errors.h"
#include "ir/queries.h"
#include "onnx/tensor_names.h"
#include "quant/fake_quant.h"

namespace y6q::onnx {
namespace {

constexpr int64_t kOpset = 13, kIrVersion = 7;
constexpr int64_t kLargestBatch = 4096;

/// One overload an operator: what is missing does not compile.
class Emitter {
 public:
  Emitter(const ir::Model& model, const TensorNames& tensors, Form form, GraphWriter& graph)
      : model_(model), tensors_(tensors), form_(form), graph_(graph), names_(tensors.all()) {}

  void emit_node(ir::Value value) {
    const ir::Node& node = model_.graph.node(value);
    std::vector<std::string> inputs;
    for (const ir::Value input : node.inputs) inputs.push_back(names_[input.id]);
    std::visit([&](const auto& op) { emit(op, node, inputs, names_[value.id]); }, node.op);
  }

 private:
  using Names = std::vector<std::string>;

  void emit(const ir::Input&, const ir::Node&, const Names&, const std::string&) {}

  void emit(const ir::Parameter&, const ir::Node& node, const Names&, const std::string& out) {
    // Ranges of quantizers are written as scales, beside their quantizer.
    const ir::Value value = *model_.graph.find(node.name);
    for (const ir::Value consumer : model_.graph.consumers(value)) {
      const ir::Node& reader = model_.graph.node(consumer);
      const bool as_range = std::holds_alternative<ir::FakeQuant>(reader.op) && reader.inputs[0] != value;
      if (tensors_.is_written(consumer) && !as_range) {
        return graph_.initializer(out, model_.weight(value));
      }
    }
  }

  void emit(const ir::Conv2d& op, const ir::Node& node, const Names& in, const std::string& out) {
    const ir::Shape& weight = model_.graph.node(node.inputs[1]).shape;
    ::onnx::NodeProto& conv = graph_.node("Conv", in, out);
    set_attribute(conv, "dilations", {1, 1});
    set_attribute(conv, "group", op.groups);
    set_attribute(conv, "kernel_shape", {weight[2], weight[3]});
    set_attribute(conv, "pads", {op.pad.h, op.pad.w, op.pad.h, op.pad.w});
    set_attribute(conv, "strides", {op.stride.h, op.stride.w});
  }

  void emit(const ir::ConvTranspose2d& op, const ir::Node& node, const Names& in, const std::string& out) {
    const ir::Shape& weight = model_.graph.node(node.inputs[1]).shape;
    ::onnx::NodeProto& conv = graph_.node("ConvTranspose", in, out);
    set_attribute(conv, "kernel_shape", {weight[2], weight[3]});
    set_attribute(conv, "strides", {op.stride.h, op.stride.w});
  }

  void emit(const ir::BatchNorm& op, const ir::Node&, const Names& in, const std::string& out) {
    set_attribute(graph_.node("BatchNormalization", in, out), "epsilon", static_cast<float>(op.eps));
  }

  void emit(const ir::Relu&, const ir::Node&, const Names& in, const std::string& out) {
    graph_.node("Relu", in, out);
  }

  void emit(const ir::Silu&, const ir::Node&, const Names& in, const std::string& out) {
    graph_.node("Mul", {in[0], graph_.step("Sigmoid", in, out + ".sigmoid")}, out);
  }

  void emit(const ir::Add&, const ir::Node&, const Names& in, const std::string& out) {
    graph_.node("Add", in, out);
  }

  void emit(const ir::ChannelScale&, const ir::Node&, const Names& in, const std::string& out) {
    const ir::Array shape{{3}, std::vector<int64_t>{-1, 1, 1}};
    const std::string column =
        graph_.step("Reshape", {in[1], graph_.constant(out + ".column_shape", shape)}, out + ".column");
    graph_.node("Mul", {in[0], column}, out);
  }

  void emit(const ir::MaxPool2d& op, const ir::Node&, const Names& in, const std::string& out) {
    ::onnx::NodeProto& pool = graph_.node("MaxPool", in, out);
    set_attribute(pool, "kernel_shape", {op.kernel.h, op.kernel.w});
    set_attribute(pool, "pads", {op.pad.h, op.pad.w, op.pad.h, op.pad.w});
    set_attribute(pool, "strides", {op.stride.h, op.stride.w});
  }

  void emit(const ir::Concat& op, const ir::Node&, const Names& in, const std::string& out) {
    set_attribute(graph_.node("Concat", in, out), "axis", op.axis);
  }

  void emit(const ir::FakeQuant& op, const ir::Node& node, const Names& in, const std::string& out) {
    if (form_ == Form::plain) {
      names_[model_.graph.find(node.name)->id] = in[0];
      return;
    }
    require_byte_codes(op, node);
    ir::Array scales = model_.weight(node.inputs[1]);
    const quant::IntegerRange range = quant::integer_range(op.bits, op.is_signed);
    for (float& scale : scales.floats()) scale = quant::step_size(scale, range);
    const Names steps{graph_.constant(out + ".scale", scales),
                      graph_.zero_points(out + ".zero_point", scales.shape, op.is_signed)};
    const std::string codes = graph_.fresh(out + ".quantized");
    auto& quantize = graph_.node("QuantizeLinear", {in[0], steps[0], steps[1]}, codes);
    if (op.channel_axis >= 0) set_attribute(quantize, "axis", op.channel_axis);
    auto& dequantize = graph_.node("DequantizeLinear", {codes, steps[0], steps[1]}, out);
    if (op.channel_axis >= 0) set_attribute(dequantize, "axis", op.channel_axis);
  }

  /// No weight leaves its range, by rounding: the file has no place for narrower bounds than a byte's.
  bool within_ranges(const ir::Node& quantizer) const {
    const auto& op = std::get<ir::FakeQuant>(quantizer.op);
    const auto high = static_cast<float>(quant::integer_range(op.bits, op.is_signed).high);
    const std::vector<float>&weights = model_.floats(quantizer.inputs[0]),
          &amax = model_.floats(quantizer.inputs[1]);
    size_t run = weights.size();
    for (int64_t axis = 0; axis <= op.channel_axis; ++axis)
      run /= static_cast<size_t>(quantizer.shape[static_cast<size_t>(axis)]);
    for (size_t i = 0; i < weights.size(); ++i) {
      if (std::fabs(weights[i]) > amax[i / run % amax.size()] * (high + 0.5F) / high) return false;
    }
    return true;
  }

  /// A file's integers are bytes; weights of fewer bits are bytes that stay small.
  void require_byte_codes(const ir::FakeQuant& op, const ir::Node& node) const {
    if (op.bits == 8) return;
    if (op.bits > 8 || !op.is_signed || !ir::is_weight_quantizer(model_.graph, node)) {
      throw UnsupportedError(
          "onnx: node '{}': a quantizer of {} bits; opset 13 has 8 bits; quantize with 8, or export the "
          "plain form",
          node.name, op.bits);
    }
    if (!within_ranges(node)) {
      throw InputError(
          "onnx: node '{}': weights of {} bits leave their range; calibrate the float model again", node.name,
          op.bits);
    }
  }

  void emit(const ir::Decode& op, const ir::Node& node, const Names& in, const std::string& out) {
    const auto levels = static_cast<std::ptrdiff_t>(op.strides.size());
    DecodeSources sources{{in.begin(), in.begin() + levels}, {in.begin() + levels, in.end()}, {}};
    for (std::ptrdiff_t l = 0; l < levels; ++l) {
      sources.maps.push_back(model_.graph.node(node.inputs[static_cast<size_t>(l)]).shape);
    }
    emit_decode(graph_, op, sources, out);
  }

  const ir::Model& model_;
  const TensorNames& tensors_;
  Form form_;
  GraphWriter& graph_;
  std::vector<std::string> names_;  ///< by value; in the plain form a quantizer's is its source's
};

/// One tensor without a range (0) is dead; when none has one, calibration was forgotten.
void require_ranges(const ir::Model& model, const TensorNames& names) {
  bool any = false, seen = false;
  for (const ir::Value quantizer : ir::activation_quantizers(model.graph)) {
    if (!names.is_written(quantizer)) continue;
    any = true;
    seen = seen || model.floats(model.graph.node(quantizer).inputs[1]).at(0) > 0;
  }
  if (any && !seen) throw InputError("onnx: no activation of the model has a range; calibrate it first");
}

ir::Shape with_batch(ir::Shape shape, int64_t batch) {
  shape[0] = batch == 0 ? -1 : batch;
  return shape;
}

}  // namespace

::onnx::ModelProto emit(const ir::Model& model, const OnnxOptions& options) {
  if (options.batch < 0 || options.batch > kLargestBatch) {
    throw UsageError("onnx: batch {}: 1 to {}, or 0 for any, is accepted", options.batch, kLargestBatch);
  }
  const TensorNames names(model.graph, options);
  if (options.form == Form::qdq) require_ranges(model, names);
  ::onnx::ModelProto proto;
  proto.set_ir_version(kIrVersion);
  proto.set_producer_name(options.producer);
  for (const auto& [key, value] : options.metadata) {
    auto& property = *proto.add_metadata_props();
    property.set_key(key);
    property.set_value(value);
  }
  auto& opset = *proto.add_opset_import();
  opset.set_domain("");
  opset.set_version(kOpset);
  ::onnx::GraphProto& graph = *proto.mutable_graph();
  graph.set_name("yolov6");
  describe(*graph.add_input(), names[names.input()],
           with_batch(model.graph.node(names.input()).shape, options.batch));
  std::unordered_set<std::string> taken(names.all().begin(), names.all().end());
  for (const auto& output : names.outputs()) taken.insert(output.name);
  GraphWriter writer(graph, std::move(taken));
  Emitter emitter(model, names, options.form, writer);
  for (uint32_t id = 0; id < model.graph.size(); ++id) {
    if (names.is_written({id})) emitter.emit_node({id});
  }
  for (const auto& output : names.outputs()) {
    if (output.is_copy) writer.node("Identity", {names[output.value]}, output.name);
    describe(*graph.add_output(), output.name,
             with_batch(model.graph.node(output.value).shape, options.batch));
  }
  return proto;
}

}  // namespace y6q::onnx
