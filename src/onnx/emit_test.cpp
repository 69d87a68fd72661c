#include "onnx/emit.h"

#include <gmock/gmock.h>

#include <cstring>

#include "base/errors.h"

namespace y6q::onnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

const ir::FakeQuant kPerTensor{};
const ir::FakeQuant kPerChannel{.channel_axis = 0};

/// images -> [activation quantizer] -> conv (weight quantizer) -> relu, outputs `map` and `feat0`.
ir::Model conv_relu(float amax = 2.5F, ir::FakeQuant activation = kPerTensor,
                    ir::FakeQuant weights = kPerChannel) {
  ir::Model model;
  const ir::Value images = model.graph.add("images", ir::Input{{1, 3, 8, 8}}, {});
  const ir::Value range = model.add_parameter("conv.input_amax", ir::Array::scalar(amax), false);
  const ir::Value source = model.graph.add("conv.input_quantizer", activation, {images, range});
  const ir::Value weight = model.add_parameter("conv.weight", ir::Array::filled({2, 3, 3, 3}, 0.25F), true);
  const ir::Value weight_range =
      model.add_parameter("conv.weight_amax", {{2}, std::vector<float>{1.0F, 0.0F}}, false);
  const ir::Value codes = model.graph.add("conv.weight_quantizer", weights, {weight, weight_range});
  const ir::Value conv =
      model.graph.add("conv", ir::Conv2d{.stride = {2, 2}, .pad = {1, 1}}, {source, codes});
  const ir::Value relu = model.graph.add("relu", ir::Relu{}, {conv});
  model.graph.mark_output("map", relu);
  model.graph.mark_output("feat0", conv);
  return model;
}

std::vector<std::string> node_types(const ::onnx::ModelProto& proto) {
  std::vector<std::string> types;
  for (const auto& node : proto.graph().node()) types.push_back(node.op_type());
  return types;
}

const ::onnx::NodeProto& node_of(const ::onnx::ModelProto& proto, const std::string& output) {
  for (const auto& node : proto.graph().node()) {
    if (node.output(0) == output) return node;
  }
  throw std::runtime_error("no node makes " + output);
}

const ::onnx::TensorProto& tensor_of(const ::onnx::ModelProto& proto, const std::string& name) {
  for (const auto& tensor : proto.graph().initializer()) {
    if (tensor.name() == name) return tensor;
  }
  throw std::runtime_error("no initializer " + name);
}

std::vector<float> floats_of(const ::onnx::TensorProto& tensor) {
  std::vector<float> values(tensor.raw_data().size() / sizeof(float));
  std::memcpy(values.data(), tensor.raw_data().data(), tensor.raw_data().size());
  return values;
}

std::vector<int64_t> ints_of(const ::onnx::NodeProto& node, const std::string& attribute) {
  for (const auto& found : node.attribute()) {
    if (found.name() != attribute) continue;
    if (found.type() == ::onnx::AttributeProto::INT) return {found.i()};
    return {found.ints().begin(), found.ints().end()};
  }
  return {};
}

TEST(EmitOnnx, ThePlainFormHasNoTraceOfQuantizers) {
  const auto proto = emit(conv_relu(), {});
  EXPECT_THAT(node_types(proto), ElementsAre("Conv", "Relu"));
  EXPECT_EQ(proto.opset_import(0).version(), 13);
  EXPECT_EQ(proto.graph().input(0).name(), "images");
  EXPECT_THAT(node_of(proto, "conv").input(), ElementsAre("images", "conv.weight"));
  EXPECT_EQ(proto.graph().initializer_size(), 1);
}

TEST(EmitOnnx, AQuantizerIsAPairWithScaleAmaxOver127AndAnAxisOnlyPerChannel) {
  const auto proto = emit(conv_relu(), {.form = Form::qdq});
  EXPECT_THAT(node_types(proto), ElementsAre("QuantizeLinear", "DequantizeLinear", "QuantizeLinear",
                                             "DequantizeLinear", "Conv", "Relu"));
  const auto& activation = node_of(proto, "conv.input_quantizer.quantized");
  EXPECT_THAT(activation.input(),
              ElementsAre("images", "conv.input_quantizer.scale", "conv.input_quantizer.zero_point"));
  EXPECT_THAT(ints_of(activation, "axis"), IsEmpty());
  const auto& scale = tensor_of(proto, "conv.input_quantizer.scale");
  EXPECT_THAT(scale.dims(), IsEmpty());
  EXPECT_THAT(floats_of(scale), ElementsAre(0.019685039F));  // spec/05 §5, worked example
  EXPECT_EQ(tensor_of(proto, "conv.input_quantizer.zero_point").data_type(), ::onnx::TensorProto::INT8);

  EXPECT_THAT(ints_of(node_of(proto, "conv.weight_quantizer.quantized"), "axis"), ElementsAre(0));
  EXPECT_THAT(ints_of(node_of(proto, "conv.weight_quantizer"), "axis"), ElementsAre(0));
  EXPECT_THAT(tensor_of(proto, "conv.weight_quantizer.zero_point").dims(), ElementsAre(2));
  EXPECT_EQ(tensor_of(proto, "conv.weight").data_type(), ::onnx::TensorProto::FLOAT);
}

TEST(EmitOnnx, WeightsOfQuantizersAreWrittenAsTheyAreRounded) {
  ir::Model model = conv_relu();
  model.weights.at("conv.weight").floats()[0] = 0.12F;
  constexpr float kStep = 0.007874016F;  // ranges of 1 and 0
  const std::vector<float> written = floats_of(tensor_of(emit(model, {.form = Form::qdq}), "conv.weight"));
  ASSERT_EQ(written.size(), 2U * 3 * 3 * 3);
  EXPECT_EQ(written[0], 15 * kStep);   // 0.12 * 127 = 15.24
  EXPECT_EQ(written[26], 32 * kStep);  // 0.25 * 127 = 31.75
  EXPECT_EQ(written[27], 0);
  EXPECT_EQ(floats_of(tensor_of(emit(model, {}), "conv.weight"))[0], 0.12F)
      << "nothing rounds in the plain form";
}

TEST(EmitOnnx, ARangeOfZeroGivesAScaleThatMakesZeros) {
  const auto proto = emit(conv_relu(), {.form = Form::qdq});
  EXPECT_THAT(floats_of(tensor_of(proto, "conv.weight_quantizer.scale")), ElementsAre(0.007874016F, 0x1p30F));
}

TEST(EmitOnnx, AModelThatWasNotCalibratedIsRefusedInTheQuantizedFormOnly) {
  EXPECT_THAT([] { emit(conv_relu(0.0F), {.form = Form::qdq}); },
              ThrowsMessage<InputError>(HasSubstr("calibrate")));
  EXPECT_NO_THROW(emit(conv_relu(0.0F), {}));
}

TEST(EmitOnnx, AnUnsignedQuantizerHas255StepsFromZero) {
  const auto proto = emit(conv_relu(25.5F, {.is_signed = false}), {.form = Form::qdq});
  EXPECT_THAT(floats_of(tensor_of(proto, "conv.input_quantizer.scale")), ElementsAre(0.1F));
  EXPECT_EQ(tensor_of(proto, "conv.input_quantizer.zero_point").data_type(), ::onnx::TensorProto::UINT8);
}

TEST(EmitOnnx, FourBitsAreRefusedInTheQuantizedFormOnly) {
  const ir::Model model = conv_relu(1.0F, {.bits = 4});
  EXPECT_THAT([&] { emit(model, {.form = Form::qdq}); },
              ThrowsMessage<UnsupportedError>(AllOf(HasSubstr("conv.input_quantizer"), HasSubstr("4 bits"))));
  EXPECT_NO_THROW(emit(model, {}));
}

TEST(EmitOnnx, WeightsOfSevenBitsAreBytesOfScaleAmaxOver63) {
  ir::Model model = conv_relu(1.0F, kPerTensor, {.bits = 7, .channel_axis = 0});
  model.weights.at("conv.weight_amax").floats() = {0.25F, 6.3F};
  const auto proto = emit(model, {.form = Form::qdq});
  EXPECT_THAT(floats_of(tensor_of(proto, "conv.weight_quantizer.scale")), ElementsAre(0.25F / 63, 0.1F));
  EXPECT_EQ(tensor_of(proto, "conv.weight_quantizer.zero_point").data_type(), ::onnx::TensorProto::INT8);
}

TEST(EmitOnnx, WeightsOfSevenBitsThatLeaveTheirRangeAreRefused) {
  ir::Model model = conv_relu(1.0F, kPerTensor, {.bits = 7, .channel_axis = 0});
  model.weights.at("conv.weight_amax").floats() = {0.25F, 0.24F};  // the weights are 0.25: code 65.6
  EXPECT_THAT([&] { emit(model, {.form = Form::qdq}); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("conv.weight_quantizer"), HasSubstr("7 bits"))));
  EXPECT_NO_THROW(emit(model, {}));
}

TEST(EmitOnnx, AnAverageCountsThePadding) {
  ir::Model model;
  const ir::Value images = model.graph.add("images", ir::Input{{1, 3, 8, 8}}, {});
  model.graph.mark_output("map", model.graph.add("average", ir::AvgPool2d{}, {images}));
  const auto proto = emit(model, {});
  const auto& pool = node_of(proto, "map");
  EXPECT_EQ(pool.op_type(), "AveragePool");
  EXPECT_THAT(ints_of(pool, "kernel_shape"), ElementsAre(3, 3));
  EXPECT_THAT(ints_of(pool, "pads"), ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(ints_of(pool, "count_include_pad"), ElementsAre(1));
}

TEST(EmitOnnx, OutputsAreThoseMarkedButTheTapsUnlessNamed) {
  const auto all = emit(conv_relu(), {});
  ASSERT_EQ(all.graph().output_size(), 1);
  EXPECT_EQ(all.graph().output(0).name(), "map");
  const auto tap = emit(conv_relu(), {.outputs = {"feat0"}});
  EXPECT_THAT(node_types(tap), ElementsAre("Conv"));
  EXPECT_EQ(tap.graph().output(0).name(), "feat0");
  EXPECT_THAT([] { emit(conv_relu(), {.outputs = {"boxes"}}); },
              ThrowsMessage<UsageError>(AllOf(HasSubstr("boxes"), HasSubstr("map, feat0"))));
  EXPECT_THROW(emit(conv_relu(), {.outputs = {"map", "map"}}), UsageError);
}

TEST(EmitOnnx, OneResultUnderTwoNamesIsCopied) {
  ir::Model model = conv_relu();
  model.graph.mark_output("again", model.graph.outputs()[0].value);
  const auto proto = emit(model, {});
  EXPECT_THAT(node_types(proto), ElementsAre("Conv", "Relu", "Identity"));
  EXPECT_THAT(node_of(proto, "again").input(), ElementsAre("map"));
}

TEST(EmitOnnx, TheBatchIsANumberOrASymbol) {
  const auto fixed = emit(conv_relu(), {.batch = 4});
  EXPECT_EQ(fixed.graph().input(0).type().tensor_type().shape().dim(0).dim_value(), 4);
  const auto any = emit(conv_relu(), {.batch = 0});
  EXPECT_EQ(any.graph().input(0).type().tensor_type().shape().dim(0).dim_param(), "batch");
  EXPECT_EQ(any.graph().output(0).type().tensor_type().shape().dim(0).dim_param(), "batch");
  EXPECT_EQ(any.graph().output(0).type().tensor_type().shape().dim(3).dim_value(), 4);
  EXPECT_THROW(emit(conv_relu(), {.batch = -1}), UsageError);
}

TEST(EmitOnnx, MetadataIsWrittenSorted) {
  const auto proto = emit(conv_relu(), {.metadata = {{"scheme", ""}, {"names", "a\nb"}}});
  ASSERT_EQ(proto.metadata_props_size(), 2);
  EXPECT_EQ(proto.metadata_props(0).key(), "names");
  EXPECT_EQ(proto.metadata_props(0).value(), "a\nb");
  EXPECT_EQ(proto.metadata_props(1).key(), "scheme");
}

TEST(EmitOnnx, SameModelSameBytes) {
  EXPECT_EQ(emit(conv_relu(), {.form = Form::qdq}).SerializeAsString(),
            emit(conv_relu(), {.form = Form::qdq}).SerializeAsString());
}

TEST(EmitOnnx, NamesOfPartsGiveWayToNamesOfNodes) {
  ir::Model model;
  const ir::Value x = model.graph.add("x", ir::Input{{1, 3, 4, 4}}, {});
  const ir::Value silu = model.graph.add("act", ir::Silu{}, {x});
  const ir::Value other = model.graph.add("act.sigmoid", ir::Relu{}, {silu});
  model.graph.mark_output("y", model.graph.add("sum", ir::Add{}, {silu, other}));
  const auto proto = emit(model, {});
  EXPECT_THAT(node_of(proto, "act").input(), ElementsAre("images", "act.sigmoid_1"));
  EXPECT_EQ(node_of(proto, "act.sigmoid").op_type(), "Relu");
}

OnnxOptions half_options(Form form) { return {.form = form, .remainder = Remainder::fp16, .opset = 19}; }

/// conv_relu with ranges whose steps are FP16 numbers: 1/64, and 1/128 of weights 0.25.
ir::Model half_conv_relu() {
  ir::Model model = conv_relu(127.0F / 64);
  model.weights.at("conv.weight_amax").floats() = {127.0F / 128, 0};
  model.weights.at("conv.weight").floats()[0] = 0.12F;
  return model;
}

TEST(EmitTyped, EverythingBetweenTwoCastsIsFp16AndWeightsAreCodes) {
  const auto proto = emit(half_conv_relu(), half_options(Form::qdq));
  EXPECT_EQ(proto.opset_import(0).version(), 19);
  EXPECT_EQ(proto.ir_version(), 9);
  EXPECT_THAT(node_types(proto), ElementsAre("Cast", "QuantizeLinear", "DequantizeLinear", "DequantizeLinear",
                                             "Conv", "Relu", "Cast"));
  EXPECT_EQ(proto.graph().input(0).type().tensor_type().elem_type(), ::onnx::TensorProto::FLOAT);
  EXPECT_EQ(proto.graph().output(0).type().tensor_type().elem_type(), ::onnx::TensorProto::FLOAT);
  EXPECT_THAT(node_of(proto, "map").input(), ElementsAre("relu"));
  EXPECT_EQ(tensor_of(proto, "conv.input_quantizer.scale").raw_data(), std::string("\0\x24", 2));  // 2^-6
  const auto& codes = tensor_of(proto, "conv.weight_quantizer.quantized");
  EXPECT_EQ(codes.data_type(), ::onnx::TensorProto::INT8);
  EXPECT_EQ(codes.raw_data()[0], 15);  // 0.12 * 128 = 15.36
  EXPECT_EQ(codes.raw_data()[1], 32);
  EXPECT_EQ(codes.raw_data()[27], 0) << "a channel of which only zeros were seen";
  // Scales 2^-7 and, for the dead channel, 2^14.
  EXPECT_EQ(tensor_of(proto, "conv.weight_quantizer.scale").raw_data(), std::string("\0\x20\0\x74", 4));
  EXPECT_THROW(tensor_of(proto, "conv.weight"), std::runtime_error);
}

TEST(EmitTyped, TheFloatNetworkHasFp16Weights) {
  const auto proto = emit(half_conv_relu(), half_options(Form::plain));
  EXPECT_THAT(node_types(proto), ElementsAre("Cast", "Conv", "Relu", "Cast"));
  EXPECT_EQ(tensor_of(proto, "conv.weight").data_type(), ::onnx::TensorProto::FLOAT16);
}

TEST(EmitTyped, BoxesAreDecodedInFp32) {
  ir::Model model;
  const ir::Value images = model.graph.add("images", ir::Input{{1, 4, 2, 2}}, {});
  const ir::Value cls = model.graph.add("c", ir::Relu{}, {images}),
                  reg = model.graph.add("r", ir::Relu{}, {images});
  model.graph.mark_output("outputs", model.graph.add("decode", ir::Decode{{8}}, {cls, reg}));
  const auto proto = emit(model, half_options(Form::plain));
  EXPECT_EQ(node_of(proto, "c.single").op_type(), "Cast");
  EXPECT_EQ(node_of(proto, "r.single").op_type(), "Cast");
  EXPECT_EQ(node_of(proto, "outputs").op_type(), "Transpose") << "without a conversion behind it";
}

TEST(EmitTyped, AScaleThatFp16DoesNotHoldIsRefused) {
  EXPECT_THAT([] { emit(conv_relu(2.5F), half_options(Form::qdq)); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("conv.input_quantizer"), HasSubstr("FP16"))));
}

TEST(EmitTyped, NeedsOpset19) {
  EXPECT_THROW(emit(half_conv_relu(), {.form = Form::qdq, .remainder = Remainder::fp16}), UsageError);
  EXPECT_THROW(emit(half_conv_relu(), {.opset = 12}), UsageError);
}

/// Three classes, one level of 4 x 4 cells.
ir::Model decoded_maps() {
  ir::Model model;
  const ir::Value images = model.graph.add("images", ir::Input{{1, 3, 8, 8}}, {});
  const auto map = [&](const std::string& name, int64_t channels) {
    const ir::Value weight =
        model.add_parameter(name + ".w", ir::Array::filled({channels, 3, 1, 1}, 0.25F), true);
    const ir::Value value = model.graph.add(name, ir::Conv2d{.stride = {2, 2}}, {images, weight});
    model.graph.mark_output(name + "0", value);
    return value;
  };
  const ir::Value cls = map("cls", 3), reg = map("reg", 4);
  model.graph.mark_output("outputs", model.graph.add("decode", ir::Decode{{2}}, {cls, reg}));
  return model;
}

std::vector<std::string> shapes_of(const ::onnx::ModelProto& proto) {
  std::vector<std::string> shapes;
  for (const auto& output : proto.graph().output()) {
    std::string text = output.name();
    for (const auto& dim : output.type().tensor_type().shape().dim())
      text += " " + (dim.has_dim_param() ? dim.dim_param() : std::to_string(dim.dim_value()));
    shapes.push_back(text);
  }
  return shapes;
}

const ::onnx::AttributeProto& attribute_of(const ::onnx::NodeProto& node, const std::string& name) {
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == name) return attribute;
  }
  throw std::runtime_error("no attribute " + name);
}

// spec/08 §6, with boxes as corners (box_coding 0).
TEST(EmitSuppression, ThePluginHasItsNamesAndAttributes) {
  const auto proto =
      emit(decoded_maps(),
           {.outputs = {"outputs"}, .suppression = Suppression{Suppressor::efficient, 0.25F, 0.5F, 40}});
  EXPECT_THAT(shapes_of(proto),
              ElementsAre("num_dets 1 1", "det_boxes 1 40 4", "det_scores 1 40", "det_classes 1 40"));
  const auto& node = node_of(proto, "num_dets");
  EXPECT_EQ(node.op_type(), "EfficientNMS_TRT");
  EXPECT_EQ(node.domain(), "TRT");
  EXPECT_EQ(proto.opset_import(1).domain(), "TRT");
  EXPECT_THAT(node.output(), ElementsAre("num_dets", "det_boxes", "det_scores", "det_classes"));
  EXPECT_EQ(attribute_of(node, "score_threshold").f(), 0.25F);
  EXPECT_EQ(attribute_of(node, "iou_threshold").f(), 0.5F);
  EXPECT_EQ(attribute_of(node, "max_output_boxes").i(), 40);
  EXPECT_EQ(attribute_of(node, "background_class").i(), -1);
  EXPECT_EQ(attribute_of(node, "box_coding").i(), 0);
  EXPECT_EQ(attribute_of(node, "score_activation").i(), 0);
  EXPECT_EQ(attribute_of(node, "class_agnostic").i(), 0);
  EXPECT_EQ(attribute_of(node, "plugin_version").s(), "1");
}

TEST(EmitSuppression, KeepsNoMoreBoxesThanThereAreOfAnyNumberOfImages) {
  const auto proto = emit(decoded_maps(), {.batch = 0, .outputs = {"outputs"}, .suppression = Suppression{}});
  EXPECT_THAT(shapes_of(proto), ElementsAre("num_dets batch 1", "det_boxes batch 48 4", "det_scores batch 48",
                                            "det_classes batch 48"));
}

TEST(EmitSuppression, TakesTheDecodedOutputAloneAndThresholdsThatAre) {
  const ir::Model model = decoded_maps();
  EXPECT_THAT([&] { emit(model, {.suppression = Suppression{}}); },
              ThrowsMessage<UsageError>(HasSubstr("3 outputs were chosen")));
  EXPECT_THAT([&] { emit(model, {.outputs = {"cls0"}, .suppression = Suppression{}}); },
              ThrowsMessage<UsageError>(HasSubstr("'cls0'")));
  for (const Suppression& wrong : {Suppression{.score_threshold = -1}, Suppression{.iou_threshold = 2},
                                   Suppression{.max_detections = 0}, Suppression{.max_detections = 1 << 20}})
    EXPECT_THROW(emit(model, {.outputs = {"outputs"}, .suppression = wrong}), UsageError);
}

TEST(EmitImages, OfBytesAreConvertedFirst) {
  const auto proto = emit(conv_relu(), {.outputs = {"map"}, .images = ImageType::bytes});
  const auto& type = proto.graph().input(0).type().tensor_type();
  EXPECT_EQ(type.elem_type(), ::onnx::TensorProto::UINT8);
  EXPECT_EQ(type.shape().dim(1).dim_value(), 8);
  EXPECT_EQ(type.shape().dim(3).dim_value(), 3);
  EXPECT_THAT(node_types(proto), ElementsAre("Cast", "Div", "Transpose", "Conv", "Relu"));
  EXPECT_THAT(attribute_of(node_of(proto, "images.planes"), "perm").ints(), ElementsAre(0, 3, 1, 2));
  EXPECT_EQ(floats_of(tensor_of(proto, "images.white")), std::vector<float>{255});
  EXPECT_EQ(node_of(proto, "conv").input(0), "images.planes");
}

}  // namespace
}  // namespace y6q::onnx
