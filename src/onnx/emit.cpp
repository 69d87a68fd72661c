#include "onnx/emit.h"

#include <algorithm>
#include <cmath>

#include "base/errors.h"
#include "ir/queries.h"
#include "onnx/tensor_names.h"
#include "quant/half_scale.h"

namespace y6q::onnx {
namespace {

constexpr int64_t kLargestBatch = 4096;
constexpr int64_t kFirstOpset = 13, kLastOpset = 20, kFirstWithHalfScales = 19;

/// The version of the file format that came with an opset.
int64_t ir_version(int64_t opset) { return opset < 15 ? 7 : opset < 19 ? 8 : 9; }

/// The scale of a quantizer that saw only zeros, where FP16 does not hold quant::step_size's: a power of two
/// whose reciprocal is a normal FP16 number, too.
constexpr float kDeadHalfStep = 0x1p14F;

/// One overload an operator: what is missing does not compile.
class Emitter {
 public:
  Emitter(const ir::Model& model, const TensorNames& tensors, const OnnxOptions& options, GraphWriter& graph)
      : model_(model),
        tensors_(tensors),
        form_(options.form),
        remainder_(options.remainder),
        options_(options),
        graph_(graph),
        names_(tensors.all()) {}

  void emit_node(ir::Value value) {
    const ir::Node& node = model_.graph.node(value);
    std::vector<std::string> inputs;
    for (const ir::Value input : node.inputs) inputs.push_back(names_[input.id]);
    std::visit([&](const auto& op) { emit(op, node, inputs, names_[value.id]); }, node.op);
  }

  void emit_copy(const TensorNames::Output& output) {
    const std::string& source = names_[output.value.id];
    const bool is_decoded = std::holds_alternative<ir::Decode>(model_.graph.node(output.value).op);
    if (remainder_ == Remainder::fp16 && !is_decoded) {
      graph_.cast(source, Remainder::fp32, output.name);
    } else {
      graph_.node("Identity", {source}, output.name);
    }
  }

 private:
  using Names = std::vector<std::string>;

  void emit(const ir::Input&, const ir::Node& node, const Names&, const std::string& out) {
    std::string images = out;
    if (options_.images == ImageType::bytes) images = emit_planes(out);
    if (remainder_ == Remainder::fp16) {
      const std::string half = graph_.fresh(out + ".half");
      graph_.cast(images, remainder_, half);
      images = half;
    }
    names_[model_.graph.find(node.name)->id] = images;
  }

  /// Bytes [B, H, W, 3] as [B, 3, H, W] in [0, 1], in FP32 whatever the rest is: FP16 holds no 1/255.
  std::string emit_planes(const std::string& bytes) {
    const std::string single = graph_.fresh(bytes + ".single"), planes = graph_.fresh(bytes + ".planes");
    graph_.cast(bytes, Remainder::fp32, single);
    const std::string white = graph_.constant(bytes + ".white", ir::Array::scalar(255.0F));
    const std::string scaled = graph_.step("Div", {single, white}, bytes + ".scaled");
    set_attribute(graph_.node("Transpose", {scaled}, planes), "perm", {0, 3, 1, 2});
    return planes;
  }

  void emit(const ir::Parameter&, const ir::Node& node, const Names&, const std::string& out) {
    // Ranges of quantizers are written as scales, beside their quantizer, and so may weights be, as codes.
    const ir::Value value = *model_.graph.find(node.name);
    for (const ir::Value consumer : model_.graph.consumers(value)) {
      const ir::Node& reader = model_.graph.node(consumer);
      const bool by_quantizer =
          std::holds_alternative<ir::FakeQuant>(reader.op) && (reader.inputs[0] != value || writes_codes());
      if (!tensors_.is_written(consumer) || by_quantizer) continue;
      const bool is_rounded = form_ == Form::qdq && ir::is_weight_quantizer(model_.graph, reader);
      return graph_.initializer(out, is_rounded ? rounded(reader) : model_.weight(value), remainder_);
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
    emit_pool("MaxPool", op, in, out);
  }

  void emit(const ir::AvgPool2d& op, const ir::Node&, const Names& in, const std::string& out) {
    set_attribute(emit_pool("AveragePool", op, in, out), "count_include_pad", int64_t{1});
  }

  template <typename Pool>
  ::onnx::NodeProto& emit_pool(const char* type, const Pool& op, const Names& in, const std::string& out) {
    ::onnx::NodeProto& pool = graph_.node(type, in, out);
    set_attribute(pool, "kernel_shape", {op.kernel.h, op.kernel.w});
    set_attribute(pool, "pads", {op.pad.h, op.pad.w, op.pad.h, op.pad.w});
    set_attribute(pool, "strides", {op.stride.h, op.stride.w});
    return pool;
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
    const Names scale{
        graph_.constant(out + ".scale", scales_of(op, node), remainder_),
        graph_.zero_points(out + ".zero_point", model_.weight(node.inputs[1]).shape, op.is_signed)};
    std::string codes;
    if (writes_codes() && ir::is_weight_quantizer(model_.graph, node)) {
      const std::vector<int32_t> integers = codes_of(node);
      codes = graph_.constant(out + ".quantized",
                              {node.shape, std::vector<int8_t>(integers.begin(), integers.end())});
    } else {
      codes = graph_.fresh(out + ".quantized");
      auto& quantize = graph_.node("QuantizeLinear", {in[0], scale[0], scale[1]}, codes);
      if (op.channel_axis >= 0) set_attribute(quantize, "axis", op.channel_axis);
    }
    auto& dequantize = graph_.node("DequantizeLinear", {codes, scale[0], scale[1]}, out);
    if (op.channel_axis >= 0) set_attribute(dequantize, "axis", op.channel_axis);
  }

  /// Weights as codes: rounded to FP16 before they are quantized, some would get other ones.
  bool writes_codes() const { return remainder_ == Remainder::fp16 && form_ == Form::qdq; }

  ir::Array scales_of(const ir::FakeQuant& op, const ir::Node& node) const {
    ir::Array scales = model_.weight(node.inputs[1]);
    const quant::IntegerRange range = quant::integer_range(op.bits, op.is_signed);
    for (float& scale : scales.floats()) {
      const float amax = scale;
      scale = quant::step_size(amax, range);
      if (remainder_ == Remainder::fp32) continue;
      if (!quant::has_half_step(amax, range)) {
        throw InputError(
            "onnx: node '{}': its scale {} is no FP16 number, and rounding it would change codes; calibrate "
            "the "
            "float model again with --scheme tensorrt",
            node.name, scale);
      }
      scale = std::min(scale, kDeadHalfStep);
    }
    return scales;
  }

  /// A weight as DequantizeLinear gives it. Half-way between two codes runtimes differ: OpenVINO rounds the
  /// distance from the range's lower end in float32, and takes another code within 1e-5 of a step.
  ir::Array rounded(const ir::Node& quantizer) const {
    const ir::Array scales = scales_of(std::get<ir::FakeQuant>(quantizer.op), quantizer);
    const size_t run = run_of(quantizer);
    std::vector<float> numbers;
    for (const int32_t code : codes_of(quantizer))
      numbers.push_back(static_cast<float>(code) *
                        scales.floats()[numbers.size() / run % scales.floats().size()]);
    return {quantizer.shape, std::move(numbers)};
  }

  std::vector<int32_t> codes_of(const ir::Node& node) const {
    const auto& op = std::get<ir::FakeQuant>(node.op);
    const std::vector<float>&weights = model_.floats(node.inputs[0]), &amax = model_.floats(node.inputs[1]);
    const quant::IntegerRange range = quant::integer_range(op.bits, op.is_signed);
    const size_t run = run_of(node);
    std::vector<int32_t> codes(weights.size());
    for (size_t first = 0; first < weights.size(); first += run)
      quant::quantize({weights.data() + first, run}, amax[first / run % amax.size()], range,
                      {codes.data() + first, run});
    return codes;
  }

  /// Elements in a row of a quantizer's source that share a range.
  static size_t run_of(const ir::Node& quantizer) {
    size_t run = 1;
    const auto channel = static_cast<size_t>(std::get<ir::FakeQuant>(quantizer.op).channel_axis + 1);
    for (size_t axis = channel; axis < quantizer.shape.size(); ++axis)
      run *= static_cast<size_t>(quantizer.shape[axis]);
    return run;
  }

  /// No weight leaves its range, by rounding: the file has no place for narrower bounds than a byte's.
  bool within_ranges(const ir::Node& quantizer) const {
    const auto& op = std::get<ir::FakeQuant>(quantizer.op);
    const auto high = static_cast<float>(quant::integer_range(op.bits, op.is_signed).high);
    const std::vector<float>&weights = model_.floats(quantizer.inputs[0]),
          &amax = model_.floats(quantizer.inputs[1]);
    const size_t run = run_of(quantizer);
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
      if (remainder_ == Remainder::fp32) continue;
      for (std::string* source :
           {&sources.cls[static_cast<size_t>(l)], &sources.reg[static_cast<size_t>(l)]}) {
        const std::string single = graph_.fresh(*source + ".single");
        graph_.cast(*source, Remainder::fp32, single);
        *source = single;
      }
    }
    const DecodedCells cells = emit_cells(graph_, op, sources, out);
    if (options_.suppression) {
      emit_suppression(graph_, cells, *options_.suppression, out);
    } else {
      emit_rows(graph_, cells, out);
    }
  }

  const ir::Model& model_;
  const TensorNames& tensors_;
  Form form_;
  Remainder remainder_;
  const OnnxOptions& options_;
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

void require_suppressible(const ir::Graph& graph, const TensorNames& names, const Suppression& op) {
  constexpr int64_t kMostBoxes = 100'000;
  const auto is_share = [](float value) { return value >= 0 && value <= 1; };
  if (!is_share(op.score_threshold) || !is_share(op.iou_threshold) || op.max_detections < 1 ||
      op.max_detections > kMostBoxes) {
    throw UsageError(
        "onnx: suppression of scores up to {} by an IoU above {}, at most {} boxes; 0 to 1, 0 to 1 and 1 to "
        "{} "
        "are accepted",
        op.score_threshold, op.iou_threshold, op.max_detections, kMostBoxes);
  }
  const auto& outputs = names.outputs();
  if (outputs.size() == 1 && std::holds_alternative<ir::Decode>(graph.node(outputs[0].value).op)) return;
  throw UsageError("onnx: suppression takes the decoded output alone; {} outputs were chosen, first '{}'",
                   outputs.size(), outputs[0].name);
}

void describe_input(::onnx::GraphProto& graph, const std::string& name, const ir::Shape& shape,
                    ImageType images) {
  if (images == ImageType::floats) return describe(*graph.add_input(), name, shape);
  describe(*graph.add_input(), name, {shape[0], shape[2], shape[3], shape[1]}, ::onnx::TensorProto::UINT8);
}

void require_written(const OnnxOptions& options) {
  if (options.batch < 0 || options.batch > kLargestBatch) {
    throw UsageError("onnx: batch {}: 1 to {}, or 0 for any, is accepted", options.batch, kLargestBatch);
  }
  if (options.opset < kFirstOpset || options.opset > kLastOpset) {
    throw UsageError("onnx: opset {}: {} to {} are accepted", options.opset, kFirstOpset, kLastOpset);
  }
  if (options.remainder == Remainder::fp16 && options.opset < kFirstWithHalfScales) {
    throw UsageError("onnx: opset {} has no FP16 scales; use {} or later", options.opset,
                     kFirstWithHalfScales);
  }
}

/// A file with everything but its graph.
::onnx::ModelProto without_graph(const OnnxOptions& options) {
  ::onnx::ModelProto proto;
  proto.set_ir_version(ir_version(options.opset));
  proto.set_producer_name(options.producer);
  for (const auto& [key, value] : options.metadata) {
    auto& property = *proto.add_metadata_props();
    property.set_key(key);
    property.set_value(value);
  }
  const auto import_opset = [&](const char* domain, int64_t version) {
    auto& opset = *proto.add_opset_import();
    opset.set_domain(domain);
    opset.set_version(version);
  };
  import_opset("", options.opset);
  if (options.suppression && options.suppression->by == Suppressor::efficient) import_opset("TRT", 1);
  return proto;
}

}  // namespace

::onnx::ModelProto emit(const ir::Model& model, const OnnxOptions& options) {
  require_written(options);
  const TensorNames names(model.graph, options);
  if (options.form == Form::qdq) require_ranges(model, names);
  if (options.suppression) require_suppressible(model.graph, names, *options.suppression);
  ::onnx::ModelProto proto = without_graph(options);
  ::onnx::GraphProto& graph = *proto.mutable_graph();
  graph.set_name("yolov6");
  describe_input(graph, names[names.input()],
                 with_batch(model.graph.node(names.input()).shape, options.batch), options.images);
  std::unordered_set<std::string> taken(names.all().begin(), names.all().end());
  for (const auto& output : names.outputs()) taken.insert(output.name);
  if (options.suppression) taken.insert({"num_dets", "det_boxes", "det_scores", "det_classes"});
  GraphWriter writer(graph, std::move(taken));
  Emitter emitter(model, names, options, writer);
  for (uint32_t id = 0; id < model.graph.size(); ++id) {
    if (names.is_written({id})) emitter.emit_node({id});
  }
  if (options.suppression) {
    const ir::Shape& rows = model.graph.node(names.outputs()[0].value).shape;
    describe_suppressed(graph, with_batch(rows, options.batch)[0],
                        kept_boxes(*options.suppression, rows[1], rows[2] - 5));
    return proto;
  }
  for (const auto& output : names.outputs()) {
    if (output.is_copy) emitter.emit_copy(output);
    describe(*graph.add_output(), output.name,
             with_batch(model.graph.node(output.value).shape, options.batch));
  }
  return proto;
}

}  // namespace y6q::onnx
