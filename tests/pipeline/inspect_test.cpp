#include "stages/inspect.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ir/cost.h"
#include "models/yolov6.h"
#include "passes/deploy.h"
#include "passes/insert_quantizers.h"
#include "support/folder.h"

namespace y6q::stages {
namespace {

using models::Mode;

struct Row {
  const char* architecture;
  int64_t hyper_search, repopt, repvgg, deploy;  ///< parameters with the 34 of the projection
  double giga_multiply_adds;                     ///< at 640 x 640
};
// spec/01 §3.6, 80 classes.
constexpr Row kRows[] = {{"yolov6n", 4734910, 4321742, 4737566, 4317246, 5.520},
                         {"yolov6t", 10625038, 9702310, 10629022, 9695566, 12.365},
                         {"yolov6s", 18863710, 17229438, 18869022, 17220446, 21.933}};

int64_t checkpoint_parameters(const ir::Graph& graph) {
  int64_t count = 34;
  for (const ir::Node& node : graph.nodes()) {
    const auto* parameter = std::get_if<ir::Parameter>(&node.op);
    if (parameter != nullptr && parameter->trainable) count += ir::element_count(node.shape);
  }
  return count;
}

TEST(Inspect, CountsOfEverySizeAndModeAreThoseOfTheSpecification) {
  for (const Row& row : kRows) {
    for (const auto& [mode, parameters] : {std::pair{Mode::hyper_search, row.hyper_search},
                                           {Mode::repopt, row.repopt},
                                           {Mode::repvgg, row.repvgg},
                                           {Mode::repvgg_deploy, row.deploy}}) {
      const ir::Graph graph = models::yolov6_graph({.architecture = row.architecture, .mode = mode});
      EXPECT_EQ(checkpoint_parameters(graph), parameters) << row.architecture << " " << name_of(mode);
      if (mode == Mode::hyper_search || mode == Mode::repvgg)
        continue;  // more branches than the table counts
      EXPECT_NEAR(static_cast<double>(ir::multiply_adds(graph)) / 1e9, row.giga_multiply_adds, 5e-4);
    }
  }
}

TEST(Inspect, ShowsTheSameCountsAndTheRangesOfAFile) {
  const support::Folder folder;
  ir::Model model = models::yolov6({.mode = Mode::repopt, .image_size = {64, 64}});
  formats::write_model(folder / "float.safetensors", {model, {.architecture = "yolov6n", .mode = "repopt"}});
  const Inspection found = inspect(folder / "float.safetensors");
  EXPECT_EQ(found.kind, "model");
  EXPECT_EQ(found.checkpoint_parameters, kRows[0].repopt);
  EXPECT_EQ(found.multiply_adds, ir::multiply_adds(model.graph));
  int64_t parameters = 0;
  for (const LayerFacts& layer : found.layers) parameters += layer.parameters;
  EXPECT_EQ(parameters, found.parameters) << "every parameter belongs to one layer";

  model = passes::insert_quantizers(passes::deploy(model), {.rules = {}});
  model.weights.at("images.amax") = ir::Array::scalar(0.75F);
  formats::write_model(folder / "ptq.safetensors", {model, {.scheme = "tensorrt"}});
  const Inspection calibrated = inspect(folder / "ptq.safetensors");
  const LayerFacts& stem = calibrated.layers.at(0);
  EXPECT_EQ(stem.name, "backbone.stem.conv");
  EXPECT_EQ(stem.weight, (ir::Shape{16, 3, 3, 3}));
  EXPECT_EQ(stem.input_range, 0.75F);
  float largest = 0;
  for (const float value : model.weights.at("backbone.stem.conv.weight").floats()) {
    largest = std::max(largest, std::fabs(value));
  }
  EXPECT_EQ(stem.weight_range, largest);
}

}  // namespace
}  // namespace y6q::stages
