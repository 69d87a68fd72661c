#include "onnx/check.h"

#include <gmock/gmock.h>

#include "base/errors.h"
#include "onnx/emit.h"

namespace y6q::onnx {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

const FileRules kTensorRt{.signed_codes = true};

/// images -> quantizer -> conv (weight quantizer, bias) -> relu -> up (weight quantizer on axis 1).
ir::Model layers() {
  ir::Model model;
  const auto quantize = [&](const std::string& name, ir::Value source, ir::Array amax, int64_t axis = -1) {
    const ir::Value range = model.add_parameter(name + ".amax", std::move(amax), false);
    return model.graph.add(name, ir::FakeQuant{.channel_axis = axis}, {source, range});
  };
  const ir::Value images = model.graph.add("images", ir::Input{{1, 3, 8, 8}}, {});
  const ir::Value weight = model.add_parameter("w", ir::Array::filled({2, 3, 3, 3}, 0.25F), true);
  const ir::Value bias = model.add_parameter("b", ir::Array::filled({2}, 0.5F), true);
  const ir::Value conv =
      model.graph.add("conv", ir::Conv2d{.pad = {1, 1}},
                      {quantize("images.quant", images, ir::Array::scalar(127)),
                       quantize("w.quant", weight, ir::Array::filled({2}, 127.0F / 64), 0), bias});
  const ir::Value relu = model.graph.add("relu", ir::Relu{}, {conv});
  const ir::Value up_weight = model.add_parameter("u", ir::Array::filled({2, 4, 2, 2}, 0.25F), true);
  model.graph.mark_output(
      "map", model.graph.add("up", ir::ConvTranspose2d{},
                             {quantize("relu.quant", relu, ir::Array::scalar(127)),
                              quantize("u.quant", up_weight, ir::Array::filled({4}, 127.0F / 64), 1)}));
  return model;
}

/// A file to break, and what of it.
struct File {
  explicit File(Remainder remainder)
      : proto(emit(layers(), {.form = Form::qdq, .remainder = remainder, .opset = 19})) {}

  ::onnx::NodeProto& node(const std::string& output) {
    for (auto& node : *proto.mutable_graph()->mutable_node()) {
      if (node.output(0) == output) return node;
    }
    throw std::runtime_error("no node makes " + output);
  }
  ::onnx::TensorProto& tensor(const std::string& name) {
    for (auto& tensor : *proto.mutable_graph()->mutable_initializer()) {
      if (tensor.name() == name) return tensor;
    }
    throw std::runtime_error("no initializer " + name);
  }
  void expect_refused(const std::string& where, const std::string& what) const {
    EXPECT_THAT([&] { check(proto, kTensorRt); },
                ThrowsMessage<Error>(AllOf(HasSubstr(where), HasSubstr(what))));
  }

  ::onnx::ModelProto proto;
};

class Check : public testing::TestWithParam<Remainder> {
 protected:
  File file_{GetParam()};
};

TEST_P(Check, AcceptsWhatWeWrite) { EXPECT_NO_THROW(check(file_.proto, kTensorRt)); }

TEST_P(Check, UnsignedZeroPointsAreForOthersThanTensorRt) {
  for (const char* name : {"images.quant.zero_point"})
    file_.tensor(name).set_data_type(::onnx::TensorProto::UINT8);
  EXPECT_NO_THROW(check(file_.proto, {}));
  file_.expect_refused("images.quant.zero_point", "UINT8");
}

TEST_P(Check, AScaleIsAboveZero) {
  std::string& raw = *file_.tensor("images.quant.scale").mutable_raw_data();
  raw.assign(raw.size(), '\0');
  file_.expect_refused("images.quant.scale", "above 0");
}

TEST_P(Check, AScaleOfNotANumberIsRefused) {
  std::string& raw = *file_.tensor("w.quant.scale").mutable_raw_data();
  raw.assign(raw.size(), '\xff');
  file_.expect_refused("w.quant.scale", "not finite");
}

TEST_P(Check, AZeroPointIsZeroAndHasTheShapeOfItsScale) {
  file_.tensor("images.quant.zero_point").set_raw_data("\x03");
  file_.expect_refused("images.quant.zero_point", "not 0");
  File other(GetParam());
  other.tensor("w.quant.zero_point").clear_dims();
  other.tensor("w.quant.zero_point").set_raw_data(std::string(1, '\0'));
  other.expect_refused("w.quant.zero_point", "another shape");
}

TEST_P(Check, ScalesOfChannelsNeedTheirAxis) {
  file_.node("w.quant").clear_attribute();
  file_.expect_refused("w.quant.scale", "no axis");
  File other(GetParam());
  other.node("w.quant").mutable_attribute(0)->set_i(1);  // 3 input channels, 2 scales
  other.expect_refused("w.quant.scale", "2 numbers for axis 1");
  other.node("w.quant").mutable_attribute(0)->set_i(4);
  other.expect_refused("w.quant.scale", "axis 4");
}

TEST_P(Check, TypesDoNotMix) {
  ::onnx::TensorProto& bias = file_.tensor("b");
  const bool is_half = GetParam() == Remainder::fp16;
  bias.set_data_type(is_half ? ::onnx::TensorProto::FLOAT : ::onnx::TensorProto::FLOAT16);
  bias.set_raw_data(std::string(is_half ? 8 : 4, '\0'));
  file_.expect_refused("'b'", "one type is accepted");
  File other(GetParam());
  ::onnx::TensorProto& scale = other.tensor("images.quant.scale");
  scale.set_data_type(is_half ? ::onnx::TensorProto::FLOAT : ::onnx::TensorProto::FLOAT16);
  scale.set_raw_data(is_half ? std::string("\0\0\x80\x3f", 4) : std::string("\0\x3c", 2));
  other.expect_refused("images.quant.scale", "one type is accepted");
}

TEST_P(Check, EveryTensorIsMadeOnceAndBeforeItIsRead) {
  file_.node("relu").set_input(0, "nowhere");
  file_.expect_refused("relu", "'nowhere', which no node before it makes");
  File cycle(GetParam());
  cycle.proto.mutable_graph()->mutable_node()->SwapElements(0, cycle.proto.graph().node_size() - 1);
  cycle.expect_refused("no node before it makes", "");
  File twice(GetParam());
  twice.node("relu").set_output(0, "conv");
  twice.expect_refused("'conv'", "made twice");
  File output(GetParam());
  output.proto.mutable_graph()->mutable_output(0)->set_name("boxes");
  output.expect_refused("'boxes'", "no node makes it");
}

TEST_P(Check, DataFitsTheShape) {
  file_.tensor("w.quant.zero_point").set_raw_data("\0");
  file_.expect_refused("w.quant.zero_point", "bytes of data");
  File huge(GetParam());
  huge.tensor("b").set_dims(0, int64_t{1} << 62);
  huge.expect_refused("'b'", "2^31");
}

INSTANTIATE_TEST_SUITE_P(Remainders, Check, testing::Values(Remainder::fp32, Remainder::fp16),
                         [](const auto& test) { return test.param == Remainder::fp16 ? "Fp16" : "Fp32"; });

TEST(CheckOpset, HalfScalesNeedOpset19AndScalesOfChannels13) {
  File half(Remainder::fp16);
  half.proto.mutable_opset_import(0)->set_version(18);
  half.expect_refused("images.quant.scale", "19 and later");
  File old(Remainder::fp32);
  old.proto.mutable_opset_import(0)->set_version(12);
  old.expect_refused("w.quant.scale", "13 and later");
}

/// images -> two convolutions -> decode, 4 x 4 cells of 2 classes.
::onnx::ModelProto decoded(const OnnxOptions& options) {
  ir::Model model;
  const ir::Value images = model.graph.add("images", ir::Input{{1, 3, 8, 8}}, {});
  const auto map = [&](const std::string& name, int64_t channels) {
    const ir::Value weight =
        model.add_parameter(name + ".w", ir::Array::filled({channels, 3, 1, 1}, 0.25F), true);
    return model.graph.add(name, ir::Conv2d{.stride = {2, 2}}, {images, weight});
  };
  const ir::Value cls = map("cls", 2), reg = map("reg", 4);
  model.graph.mark_output("outputs", model.graph.add("decode", ir::Decode{{2}}, {cls, reg}));
  return emit(model, options);
}

TEST(CheckSuppression, KnowsBothNodesAndImagesOfBytes) {
  for (const Suppressor by : all_values<Suppressor>()) {
    for (const Remainder remainder : {Remainder::fp32, Remainder::fp16}) {
      EXPECT_NO_THROW(check(decoded({.remainder = remainder,
                                     .opset = 19,
                                     .images = ImageType::bytes,
                                     .suppression = Suppression{.by = by}}),
                            kTensorRt));
    }
  }
}

TEST(CheckSuppression, APluginIsForTensorRtAlone) {
  const FileRules others{.no_plugins = true};
  EXPECT_NO_THROW(check(decoded({.suppression = Suppression{.by = Suppressor::onnx}}), others));
  EXPECT_THAT([&] { check(decoded({.suppression = Suppression{.by = Suppressor::efficient}}), others); },
              ThrowsMessage<UnsupportedError>(AllOf(HasSubstr("EfficientNMS_TRT"), HasSubstr("--nms onnx"))));
}

TEST(CheckSuppression, ItsOperandsHaveTheTypesOfTheirPlaces) {
  ::onnx::ModelProto file = decoded({.suppression = Suppression{}});
  for (auto& node : *file.mutable_graph()->mutable_node()) {
    if (node.op_type() == "NonMaxSuppression") node.set_input(1, "outputs.most");
    if (node.op_type() == "NonMaxSuppression") node.set_input(2, "images");
  }
  file.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
      ::onnx::TensorProto::UINT8);
  EXPECT_THAT([&] { check(file, {}); }, ThrowsMessage<InputError>(HasSubstr("one type is accepted")));
  file = decoded({.suppression = Suppression{.by = Suppressor::efficient}});
  for (auto& node : *file.mutable_graph()->mutable_node()) {
    if (node.op_type() == "EfficientNMS_TRT") node.mutable_output()->RemoveLast();
  }
  EXPECT_THAT([&] { check(file, {}); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("outputs.suppression"), HasSubstr("3 results"))));
}

}  // namespace
}  // namespace y6q::onnx
