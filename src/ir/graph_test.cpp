#include "ir/graph.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace y6q::ir {
namespace {

Shape shape_of(const Op& op, std::vector<Shape> inputs) { return infer_shape(op, inputs); }

TEST(InferShape, FollowsTheWindowFormula) {
  EXPECT_EQ(shape_of(Conv2d{.stride = {2, 2}, .pad = {1, 1}}, {{1, 3, 96, 127}, {16, 3, 3, 3}}),
            (Shape{1, 16, 48, 64}));
  EXPECT_EQ(shape_of(Conv2d{.groups = 2}, {{2, 4, 5, 5}, {6, 2, 1, 1}, {6}}), (Shape{2, 6, 5, 5}));
  EXPECT_EQ(shape_of(ConvTranspose2d{}, {{1, 8, 3, 4}, {8, 5, 2, 2}, {5}}), (Shape{1, 5, 6, 8}));
  EXPECT_EQ(shape_of(MaxPool2d{}, {{1, 8, 3, 4}}), (Shape{1, 8, 3, 4}));
  EXPECT_EQ(shape_of(AvgPool2d{}, {{1, 8, 3, 4}}), (Shape{1, 8, 3, 4}));
  EXPECT_EQ(shape_of(AvgPool2d{{2, 2}, {2, 2}, {0, 0}}, {{1, 8, 5, 4}}), (Shape{1, 8, 2, 2}));
  EXPECT_EQ(shape_of(Concat{}, {{1, 8, 3, 4}, {1, 2, 3, 4}}), (Shape{1, 10, 3, 4}));
  EXPECT_EQ(shape_of(Decode{},
                     {{1, 80, 8, 8}, {1, 80, 4, 4}, {1, 80, 2, 2}, {1, 4, 8, 8}, {1, 4, 4, 4}, {1, 4, 2, 2}}),
            (Shape{1, 84, 85}));
}

TEST(InferShape, RefusesOperandsThatDoNotFit) {
  EXPECT_THROW(shape_of(Conv2d{}, {{1, 3, 9, 9}, {16, 4, 3, 3}}), ShapeError);
  EXPECT_THROW(shape_of(Conv2d{}, {{1, 3, 9, 9}, {16, 3, 3, 3}, {15}}), ShapeError);
  EXPECT_THROW(shape_of(Conv2d{}, {{1, 3, 2, 2}, {16, 3, 3, 3}}), ShapeError);
  EXPECT_THROW(shape_of(Conv2d{.stride = {0, 1}}, {{1, 3, 9, 9}, {16, 3, 3, 3}}), ShapeError);
  EXPECT_THROW(shape_of(AvgPool2d{.pad = {2, 1}}, {{1, 3, 9, 9}}), ShapeError);
  EXPECT_THROW(shape_of(Add{}, {{1, 3, 9, 9}, {1, 3, 9, 8}}), ShapeError);
  EXPECT_THROW(shape_of(Concat{}, {{1, 3, 9, 9}, {1, 3, 9, 8}}), ShapeError);
  EXPECT_THROW(shape_of(Concat{.axis = 4}, {{1, 3, 9, 9}}), ShapeError);
  EXPECT_THROW(shape_of(FakeQuant{.channel_axis = 0}, {{8, 3, 3, 3}, {3}}), ShapeError);
  EXPECT_THROW(shape_of(FakeQuant{}, {{8, 3, 3, 3}, {1}}), ShapeError);
  EXPECT_THROW(shape_of(BatchNorm{}, {{1, 3, 9, 9}, {3}, {3}, {3}, {2}}), ShapeError);
  EXPECT_THROW(shape_of(Decode{}, {{1, 80, 8, 8}, {1, 4, 8, 8}}), ShapeError);
  EXPECT_THROW(shape_of(Input{{1, 3, 0, 9}}, {}), ShapeError);
  EXPECT_THROW(shape_of(Parameter{{1 << 20, 1 << 20}}, {}), ShapeError);
}

TEST(Graph, KnowsWhoReadsAValueOnceEach) {
  Graph graph;
  const Value images = graph.add("images", Input{{1, 3, 8, 8}}, {});
  const Value relu = graph.add("relu", Relu{}, {images});
  const Value twice = graph.add("twice", Add{}, {relu, relu});
  graph.mark_output("out", twice);
  EXPECT_EQ(graph.consumers(relu), std::vector<Value>{twice});
  EXPECT_TRUE(graph.consumers(twice).empty());
  EXPECT_TRUE(graph.is_output(twice));
  EXPECT_EQ(graph.find("relu"), relu);
  EXPECT_FALSE(graph.find("gelu"));
}

TEST(Graph, RefusesNamesThatAreTakenOrUnreadable) {
  Graph graph;
  const Value images = graph.add("images", Input{{1, 3, 8, 8}}, {});
  EXPECT_THROW(graph.add("images", Relu{}, {images}), InputError);
  EXPECT_THROW(graph.add("two words", Relu{}, {images}), InputError);
  EXPECT_THROW(graph.add("", Relu{}, {images}), InputError);
  graph.mark_output("out", images);
  EXPECT_THROW(graph.mark_output("out", images), InputError);
}

}  // namespace
}  // namespace y6q::ir
