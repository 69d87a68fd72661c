#include "onnx/arithmetic.h"

#include <gmock/gmock.h>

#include "base/errors.h"

namespace y6q::onnx {
namespace {

using ir::Tensor;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

::onnx::NodeProto node_of(const std::string& type, int results = 1) {
  ::onnx::NodeProto node;
  node.set_op_type(type);
  node.set_name("n");
  for (int i = 0; i < results; ++i) node.add_output("r" + std::to_string(i));
  return node;
}

void set(::onnx::NodeProto& node, const std::string& name, std::initializer_list<int64_t> values) {
  auto& added = *node.add_attribute();
  added.set_name(name);
  added.set_type(::onnx::AttributeProto::INTS);
  for (const int64_t value : values) added.add_ints(value);
}

void set(::onnx::NodeProto& node, const std::string& name, int64_t value) {
  auto& added = *node.add_attribute();
  added.set_name(name);
  added.set_type(::onnx::AttributeProto::INT);
  added.set_i(value);
}

Tensor list(std::vector<double> values) { return {{std::ssize(values)}, std::move(values)}; }

Tensor run(const ::onnx::NodeProto& node, const std::vector<Tensor>& operands, int result = 0) {
  std::vector<const Tensor*> pointers;
  for (const Tensor& operand : operands) pointers.push_back(&operand);
  return Arithmetic(1000).run(node, pointers, result);
}

const Tensor kTwoRows{{2, 3}, {1, 2, 3, 4, 5, 6}};

TEST(OnnxArithmetic, ElementwiseOperatorsBroadcast) {
  const Tensor column{{2, 1}, {10, 20}};
  EXPECT_THAT(run(node_of("Add"), {kTwoRows, column}).data, ElementsAre(11, 12, 13, 24, 25, 26));
  EXPECT_THAT(run(node_of("Sub"), {column, list({1, 2, 3})}).data, ElementsAre(9, 8, 7, 19, 18, 17));
  EXPECT_THAT(run(node_of("Div"), {kTwoRows, Tensor{{}, {2}}}).data, ElementsAre(0.5, 1, 1.5, 2, 2.5, 3));
  EXPECT_THAT(
      [&] {
        run(node_of("Mul"), {kTwoRows, list({1, 2})});
      },
      ThrowsMessage<InputError>(AllOf(HasSubstr("'n' (Mul)"), HasSubstr("[2, 3]"))));
}

TEST(OnnxArithmetic, ReshapeKeepsWhatZeroSaysAndFindsTheFreeExtent) {
  EXPECT_THAT(run(node_of("Reshape"), {kTwoRows, list({0, -1, 1})}).shape, ElementsAre(2, 3, 1));
  EXPECT_THROW(run(node_of("Reshape"), {kTwoRows, list({4, -1})}), InputError);
  EXPECT_THROW(run(node_of("Reshape"), {kTwoRows, list({-1, -1})}), InputError);
}

TEST(OnnxArithmetic, RowsAreMultipliedByAMatrix) {
  const Tensor matrix{{3, 2}, {1, 0, 10, 1, 0, 2}};
  EXPECT_THAT(run(node_of("MatMul"), {kTwoRows, matrix}).data, ElementsAre(21, 8, 54, 17));
  EXPECT_THAT(run(node_of("MatMul"), {Tensor{{1, 2, 3}, kTwoRows.data}, matrix}).shape, ElementsAre(1, 2, 2));
  EXPECT_THAT(
      [&] {
        run(node_of("MatMul"), {kTwoRows, kTwoRows});
      },
      ThrowsMessage<InputError>(HasSubstr("operands of [2, 3] and [2, 3]")));
  const Tensor long_row{{1, 500}, std::vector<double>(500)}, column{{500, 1}, std::vector<double>(500)};
  EXPECT_THAT(
      [&] {
        run(node_of("MatMul"), {long_row, column});
      },
      ThrowsMessage<InputError>(HasSubstr("more than 1000 elements")));
}

TEST(OnnxArithmetic, TransposeTurnsTheOrderOfAxes) {
  auto node = node_of("Transpose");
  const Tensor turned = run(node, {kTwoRows});
  EXPECT_THAT(turned.shape, ElementsAre(3, 2));
  EXPECT_THAT(turned.data, ElementsAre(1, 4, 2, 5, 3, 6));
  set(node, "perm", {0, 0});
  EXPECT_THROW(run(node, {kTwoRows}), InputError);
}

TEST(OnnxArithmetic, SliceCountsFromTheEndAndBackwards) {
  EXPECT_THAT(run(node_of("Slice"), {kTwoRows, list({-2}), list({9}), list({1})}).data,
              ElementsAre(2, 3, 5, 6));
  EXPECT_THAT(run(node_of("Slice"), {kTwoRows, list({-1}), list({-9}), list({1}), list({-2})}).data,
              ElementsAre(3, 1, 6, 4));
}

TEST(OnnxArithmetic, SplitGivesEqualOrStatedParts) {
  auto node = node_of("Split", 2);
  set(node, "axis", 1);
  EXPECT_THAT(run(node, {kTwoRows, list({1, 2})}, 1).data, ElementsAre(2, 3, 5, 6));
  EXPECT_THAT(run(node, {kTwoRows}, 1).data, ElementsAre(3, 6));
}

TEST(OnnxArithmetic, ShapesAreTakenApartAndPutTogether) {
  EXPECT_THAT(run(node_of("Shape"), {Tensor{{4, 5}, {}}}).data, ElementsAre(4, 5));
  EXPECT_THAT(run(node_of("Gather"), {list({4, 5}), Tensor{{}, {-1}}}).data, ElementsAre(5));
  EXPECT_THAT(run(node_of("Gather"), {list({4, 5}), Tensor{{}, {0}}}).shape, ElementsAre());
  EXPECT_THAT(run(node_of("Unsqueeze"), {Tensor{{}, {5}}, list({0})}).shape, ElementsAre(1));
  EXPECT_THAT(run(node_of("Squeeze"), {Tensor{{1, 2, 1}, {7, 8}}, list({2})}).shape, ElementsAre(1, 2));
  EXPECT_THAT(run(node_of("Expand"), {Tensor{{2, 1}, {7, 8}}, list({1, 2})}).data, ElementsAre(7, 7, 8, 8));
  EXPECT_THAT(run(node_of("ConstantOfShape"), {list({2, 1})}).data, ElementsAre(0, 0));
  EXPECT_THAT(run(node_of("Range"), {list({1}), list({4}), list({1.5})}).data, ElementsAre(1, 2.5));
}

TEST(OnnxArithmetic, PadPutsItsNumberOutside) {
  EXPECT_THAT(run(node_of("Pad"), {kTwoRows, list({0, 1, 0, 0}), Tensor{{}, {9}}}).data,
              ElementsAre(9, 1, 2, 3, 9, 4, 5, 6));
}

TEST(OnnxArithmetic, WhatIsUnknownOrTooLargeIsNamed) {
  EXPECT_THAT([] { run(node_of("Softmax"), {kTwoRows}); },
              ThrowsMessage<InputError>(HasSubstr("node 'n' (Softmax): the operator is not known")));
  EXPECT_THAT(
      [] {
        run(node_of("ConstantOfShape"), {list({1e6, 1e6})});
      },
      ThrowsMessage<InputError>(HasSubstr("node 'n' (ConstantOfShape)")));
  EXPECT_THAT([] { run(node_of("ConstantOfShape"), {list({-1})}); },
              ThrowsMessage<InputError>(HasSubstr("-1")));
  EXPECT_THROW(run(node_of("Concat"), {}), InputError);
  EXPECT_THROW(run(node_of("Gather"), {Tensor{{0}, {}}, list({0})}), InputError);
}

TEST(OnnxArithmetic, ComputesAsManyElementsAsItIsAllowed) {
  Arithmetic arithmetic(5);
  const Tensor shape = list({5});
  const auto make = [&] { return arithmetic.run(node_of("ConstantOfShape"), {&shape}, 0); };
  EXPECT_THAT(make, ThrowsMessage<InputError>(HasSubstr("more than 5 elements")));  // its operand counts, too
  arithmetic.allow(1 + 6);
  EXPECT_EQ(make().data.size(), 5U);
  EXPECT_THROW(make(), InputError);
}

}  // namespace
}  // namespace y6q::onnx
