#include "onnx/import.h"

#include <gmock/gmock.h>

#include <cmath>
#include <ctime>

#include "base/errors.h"
#include "base/files.h"
#include "onnx/emit.h"
#include "onnx/import_quantizers.h"
#include "quant/fake_quant.h"
#include "support/folder.h"

namespace y6q::onnx {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// images -> quantizer -> conv (weight quantizer, bias) -> relu.
ir::Model quantized() {
  ir::Model model;
  const auto quantize = [&](const std::string& name, ir::Value source, ir::Array amax, int64_t axis) {
    const ir::Value range = model.add_parameter(name + ".amax", std::move(amax), false);
    return model.graph.add(name + ".quant", ir::FakeQuant{.channel_axis = axis}, {source, range});
  };
  const ir::Value images = model.graph.add("images", ir::Input{{1, 3, 8, 8}}, {});
  const ir::Value source = quantize("images", images, ir::Array::scalar(2.5F), -1);
  const ir::Value weight = model.add_parameter("w", ir::Array::filled({2, 3, 3, 3}, 0.25F), true);
  const ir::Value conv =
      model.graph.add("conv", ir::Conv2d{.stride = {2, 2}, .pad = {1, 1}},
                      {source, quantize("w", weight, {{2}, std::vector<float>{0.25F, 0.5F}}, 0),
                       model.add_parameter("b", ir::Array::filled({2}, 0.5F), true)});
  model.graph.mark_output("map", model.graph.add("relu", ir::Relu{}, {conv}));
  return model;
}

::onnx::NodeProto& node_of(::onnx::ModelProto& file, const std::string& output) {
  for (auto& node : *file.mutable_graph()->mutable_node()) {
    if (node.output(0) == output) return node;
  }
  throw std::runtime_error("no node makes " + output);
}

::onnx::TensorProto& tensor_of(::onnx::ModelProto& file, const std::string& name) {
  for (auto& tensor : *file.mutable_graph()->mutable_initializer()) {
    if (tensor.name() == name) return tensor;
  }
  throw std::runtime_error("no initializer " + name);
}

void set_float(::onnx::TensorProto& tensor, float value) {
  tensor.mutable_raw_data()->replace(0, sizeof value, reinterpret_cast<const char*>(&value), sizeof value);
}

void expect_refused(const ::onnx::ModelProto& file, const testing::Matcher<const std::string&>& message) {
  EXPECT_THAT([&] { import_model(file); }, ThrowsMessage<InputError>(message));
}

class Hostile : public testing::Test {
 protected:
  ::onnx::ModelProto file_ = emit(quantized(), {.form = Form::qdq});
};

TEST_F(Hostile, ScalesThatAreNotAboveZeroAreRefusedByName) {
  for (const float scale : {0.0F, -1.0F, NAN, INFINITY}) {
    set_float(tensor_of(file_, "images.quant.scale"), scale);
    expect_refused(file_, HasSubstr("images.quant.scale"));
  }
}

TEST_F(Hostile, AScaleThatIsMissingIsNamed) {
  node_of(file_, "images.quant.quantized").mutable_input()->RemoveLast();
  node_of(file_, "images.quant.quantized").mutable_input()->RemoveLast();
  expect_refused(file_, AllOf(HasSubstr("images.quant.quantized"), HasSubstr("1 operands")));
  node_of(file_, "images.quant.quantized").add_input("nowhere");
  expect_refused(file_, HasSubstr("nowhere"));
}

TEST_F(Hostile, ZeroPointsThatAreNotZeroAreRefusedByName) {
  tensor_of(file_, "images.quant.zero_point").set_raw_data("\x03");
  expect_refused(file_, AllOf(HasSubstr("images.quant.zero_point"), HasSubstr("3")));
}

TEST_F(Hostile, ADequantizerWithAnotherScaleIsRefused) {
  auto& added = *file_.mutable_graph()->add_initializer();
  added = tensor_of(file_, "images.quant.scale");
  added.set_name("other");
  set_float(added, 0.5F);
  node_of(file_, "images.quant").set_input(1, "other");
  expect_refused(file_, AllOf(HasSubstr("images.quant"), HasSubstr("other")));
}

TEST_F(Hostile, ScalesOfChannelsFitTheirAxis) {
  node_of(file_, "w.quant.quantized").mutable_attribute(0)->set_i(7);
  expect_refused(file_, AllOf(HasSubstr("w.quant.scale"), HasSubstr("axis 7")));
}

TEST_F(Hostile, NumbersThatAreNotFiniteAreRefusedByName) {
  set_float(tensor_of(file_, "w"), NAN);
  expect_refused(file_, AllOf(HasSubstr("'w'"), HasSubstr("element 0")));
}

TEST_F(Hostile, DataOfAnotherLengthThanTheShapeAreRefusedByName) {
  tensor_of(file_, "w").mutable_raw_data()->pop_back();
  expect_refused(file_, AllOf(HasSubstr("'w'"), HasSubstr("215 bytes"), HasSubstr("216")));
}

TEST_F(Hostile, AWeightOfAnotherShapeNamesTheNode) {
  tensor_of(file_, "b").set_dims(0, 1);
  tensor_of(file_, "b").mutable_raw_data()->resize(4);
  expect_refused(file_, AllOf(HasSubstr("'conv' (Conv)"), HasSubstr("[1]")));
}

TEST_F(Hostile, CyclesAreRefused) {
  node_of(file_, "conv").set_input(0, "map");
  expect_refused(file_, AllOf(HasSubstr("'conv' (Conv)"), HasSubstr("'map', which no node before it makes")));
}

TEST_F(Hostile, HugeImagesAreRefused) {
  auto& shape =
      *file_.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
  for (const int64_t extent : {int64_t{1} << 40, int64_t{-5}, int64_t{8193}}) {
    shape.mutable_dim(2)->set_dim_value(extent);
    expect_refused(file_, AllOf(HasSubstr("'images'"), HasSubstr("8192")));
  }
}

TEST_F(Hostile, ATensorThatIsMadeTwiceIsRefused) {
  node_of(file_, "map").set_output(0, "conv");
  expect_refused(file_, AllOf(HasSubstr("'conv'"), HasSubstr("twice")));
}

TEST_F(Hostile, UnknownOperatorsAreNamedWithTheirNode) {
  node_of(file_, "map").set_op_type("Twist");
  expect_refused(file_, HasSubstr("'map' (Twist)"));
  node_of(file_, "map").set_op_type("Relu");
  node_of(file_, "map").set_domain("com.example");
  expect_refused(file_, HasSubstr("'map' (Relu)"));
}

TEST_F(Hostile, AttributesThatOurOperatorsLackAreNamed) {
  for (auto& attribute : *node_of(file_, "conv").mutable_attribute()) {
    if (attribute.name() == "dilations") attribute.set_ints(1, 2);
  }
  expect_refused(file_, AllOf(HasSubstr("'conv' (Conv)"), HasSubstr("dilations")));
}

TEST_F(Hostile, FilesThatAreCutAnywhereAreRefusedOrWhole) {
  const support::Folder folder;
  const std::string bytes = file_.SerializeAsString();
  for (size_t length = 0; length < bytes.size(); length += 7) {
    write_file(folder / "cut.onnx", bytes.substr(0, length));
    EXPECT_THROW(read_onnx(folder / "cut.onnx"), InputError) << length;
  }
}

TEST_F(Hostile, ConstantsThatAreMuchLargerThanTheFileAreRefused) {
  const int64_t extent = int64_t{1} << 23;
  auto& shape = *file_.mutable_graph()->add_initializer();
  shape.set_name("shape");
  shape.set_data_type(::onnx::TensorProto::INT64);
  shape.add_dims(1);
  shape.add_int64_data(extent);
  auto& node = *file_.mutable_graph()->add_node();
  node.set_op_type("ConstantOfShape");
  node.add_input("shape");
  node.add_output("large");
  expect_refused(file_, AllOf(HasSubstr("'large' (ConstantOfShape)"), HasSubstr("elements")));
  tensor_of(file_, "shape").set_int64_data(0, extent / 4);
  EXPECT_NO_THROW(import_model(file_));
}

TEST_F(Hostile, MoreOutputsThanNetworksHaveAreRefused) {
  for (int i = 0; i < 256; ++i) *file_.mutable_graph()->add_output() = file_.graph().output(0);
  expect_refused(file_, HasSubstr("257 outputs"));
}

TEST(Import, EqualNamesAreNumberedInTheTimeThatOthersTake) {
  constexpr int kCount = 30'000;
  ::onnx::ModelProto file = emit(quantized(), {});
  std::string last = file.graph().output(0).name();
  for (int i = 0; i < kCount; ++i) {
    auto& node = *file.mutable_graph()->add_node();
    node.set_op_type("Relu");
    node.add_input(last);
    last.clear();
    // Two characters that become the same one.
    for (int bit = 0; bit < 15; ++bit) last += (i >> bit) % 2 == 0 ? '!' : '?';
    node.add_output(last);
  }
  const std::clock_t start = std::clock();
  const ir::Model model = import_model(file).model;
  EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, 5);
  EXPECT_TRUE(model.graph.find(fmt::format("{}_{}", std::string(15, '_'), kCount - 1)));
}

// Images of bytes -----------------------------------------------------------------------------------------

class Bytes : public testing::Test {
 protected:
  ::onnx::ModelProto file_ = emit(quantized(), {.images = ImageType::bytes});
};

TEST_F(Bytes, AreTheImagesOfTheNetwork) {
  EXPECT_EQ(emit(import_model(file_).model, {}).SerializeAsString(),
            emit(quantized(), {}).SerializeAsString());
}

TEST_F(Bytes, DividedByAnotherNumberAreRefused) {
  set_float(tensor_of(file_, "images.white"), 256);
  expect_refused(file_, AllOf(HasSubstr("'images.scaled' (Div)"), HasSubstr("1/255")));
}

TEST_F(Bytes, DividedAsIntegersAreRefused) {
  node_of(file_, "images.scaled").set_input(0, "images");
  expect_refused(file_, AllOf(HasSubstr("'images.scaled' (Div)"), HasSubstr("Cast")));
}

TEST_F(Bytes, WithAnotherOrderOfAxesAreRefused) {
  node_of(file_, "images.planes").mutable_attribute(0)->set_ints(2, 2);
  expect_refused(file_, AllOf(HasSubstr("'images.planes' (Transpose)"), HasSubstr("[N, 3, H, W]")));
}

TEST(Import, NamesOfOtherProgramsBecomeNamesOfAGraph) {
  ::onnx::ModelProto file = emit(quantized(), {});
  node_of(file, "conv").set_output(0, "a b\xff,c");
  node_of(file, "map").set_input(0, "a b\xff,c");
  EXPECT_TRUE(import_model(file).model.graph.find("a_b__c"));
}

TEST(Import, AScaleFindsTheRangeThatItCameFrom) {
  const quant::IntegerRange bytes{.low = -128, .high = 127};
  for (const float amax : {1.0F, 2.5F, 0.0625F, 3.4792537F, 127.0F, 1e-6F, 6.0F})
    EXPECT_EQ(quant::step_size(range_of_scale(quant::step_size(amax, bytes), 127), bytes),
              quant::step_size(amax, bytes));
  EXPECT_EQ(range_of_scale(0x1p30F, 127), 0);
  EXPECT_EQ(range_of_scale(1.0F, 127), 127);
}

TEST(Import, WeightsWhoseCodesStayWithin63Have7Bits) {
  ir::Model model = quantized();
  for (const int64_t bits : {7, 8}) {
    ir::Model changed;
    for (const ir::Node& node : model.graph.nodes()) {
      ir::Op op = node.op;
      if (node.name == "w.quant") std::get<ir::FakeQuant>(op).bits = bits;
      changed.graph.add(node.name, op, node.inputs);
    }
    changed.graph.mark_output("map", *changed.graph.find("relu"));
    changed.weights = model.weights;
    const Imported back = import_model(emit(changed, {.form = Form::qdq}));
    const auto& op = std::get<ir::FakeQuant>(back.model.graph.node(*back.model.graph.find("w.quant")).op);
    EXPECT_EQ(op.bits, bits);
    EXPECT_THAT(back.model.weights.at("w.amax").floats(), ElementsAre(0.25F, 0.5F));
  }
}

}  // namespace
}  // namespace y6q::onnx
