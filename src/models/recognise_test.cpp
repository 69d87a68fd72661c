#include "models/recognise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"

namespace y6q::models {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

ParameterShapes shapes_of(const Options& options) {
  ParameterShapes shapes;
  const ir::Graph graph = yolov6_graph(options);
  for (const ir::Node& node : graph.nodes()) {
    if (std::holds_alternative<ir::Parameter>(node.op)) shapes.emplace(node.name, node.shape);
  }
  return shapes;
}

TEST(Recognise, TellsEveryArchitectureAndModeApart) {
  for (const std::string& architecture : architectures()) {
    for (const Mode mode :
         {Mode::repopt, Mode::hyper_search, Mode::repvgg, Mode::qarepvgg, Mode::repvgg_deploy}) {
      const auto found = recognise(
          shapes_of({.architecture = architecture, .mode = mode, .class_count = 7, .image_size = {64, 64}}));
      EXPECT_EQ(found.options.architecture, architecture);
      EXPECT_EQ(found.options.mode, mode);
      EXPECT_EQ(found.options.class_count, 7);
      EXPECT_FALSE(found.is_custom || found.options.layout || found.options.folded_units);
    }
  }
}

TEST(Recognise, TakesOtherWidthsAndDepthsFromShapesAndNames) {
  const Layout layout{{8, 8, 8, 16, 32, 8, 8, 8, 8, 8, 16}, {1, 3, 1, 2, 2, 1, 2, 3, 4}};
  const auto found = recognise(shapes_of({.mode = Mode::repvgg, .image_size = {64, 64}, .layout = layout}));
  EXPECT_TRUE(found.is_custom);
  EXPECT_EQ(found.options.layout, layout);
}

TEST(Recognise, SeesThatUnitsAreFolded) {
  EXPECT_TRUE(recognise(shapes_of({.image_size = {64, 64}, .folded_units = true})).options.folded_units);
}

TEST(Recognise, GuessesTheArchitectureOfAnIncompleteNetwork) {
  ParameterShapes shapes = shapes_of({.architecture = "yolov6s", .image_size = {64, 64}});
  shapes.erase("neck.downsample1.block.conv.weight");
  EXPECT_EQ(recognise(shapes).options.architecture, "yolov6s");
  EXPECT_FALSE(recognise(shapes).is_custom);
}

TEST(Recognise, RefusesShapesOfNoNetwork) {
  ParameterShapes shapes = shapes_of({.image_size = {64, 64}});
  shapes["neck.downsample1.block.conv.weight"] = {int64_t{1} << 60, 0};
  EXPECT_THAT([&] { recognise(shapes); }, ThrowsMessage<InputError>(HasSubstr("output channels")));
}

TEST(Recognise, RefusesOtherNetworks) {
  EXPECT_THAT(
      [] {
        recognise({{"features.0.weight", {3, 3}}});
      },
      ThrowsMessage<InputError>(HasSubstr("stem of a YOLOv6 network")));
  for (const char* name :
       {"neck.Bifusion0.cv1.block.conv.weight", "backbone.ERBlock_5.2.cspsppf.cv1.block.conv.weight",
        "backbone.ERBlock_6.0.rbr_dense.conv.weight", "detect.reg_preds_dist.0.weight"}) {
    ParameterShapes shapes = shapes_of({.mode = Mode::repvgg, .image_size = {64, 64}});
    shapes.emplace(name, ir::Shape{1});
    EXPECT_THAT([&] { recognise(shapes); }, ThrowsMessage<InputError>(HasSubstr(name)));
  }
}

}  // namespace
}  // namespace y6q::models
