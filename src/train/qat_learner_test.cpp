#include <gtest/gtest.h>

#include "base/random.h"
#include "train/distillation.h"
#include "train/learner.h"

// What QAT adds to a training step: weight ranges that follow the weights, and the teacher's terms.
namespace y6q::train {
namespace {

constexpr int64_t kSide = 64, kClasses = 3;

ir::Array drawn(Random& random, ir::Shape shape, double spread) {
  ir::Array array = ir::Array::zeros(std::move(shape));
  for (float& value : array.floats()) value = static_cast<float>(random.normal() * spread);
  return array;
}

/// Three levels: a convolution whose weights are quantized where asked for, and the maps of a head on it.
ir::Model network(uint64_t seed, bool quantized) {
  Random random(seed);
  ir::Model m;
  ir::Value x = m.graph.add("images", ir::Input{{1, 3, kSide, kSide}}, {});
  std::vector<std::vector<ir::Value>> maps(3);
  int64_t channels = 3;
  for (int64_t level = 0; level < 3; ++level) {
    const std::string at = "level" + std::to_string(level) + ".";
    const int64_t step = level == 0 ? 8 : 2;
    ir::Value weight = m.add_parameter(at + "weight", drawn(random, {8, channels, step, step}, 0.1), true);
    if (quantized) {
      const ir::Value amax = m.add_parameter(at + "weight.amax", ir::Array::filled({8}, 1), false);
      weight = m.graph.add(at + "weight.quant", ir::FakeQuant{.channel_axis = 0}, {weight, amax});
    }
    x = m.graph.add(at + "conv", ir::Conv2d{{step, step}}, {x, weight});
    x = m.graph.add(at + "relu", ir::Relu{}, {x});
    channels = 8;
    maps[0].push_back(x);
    size_t kind = 1;
    for (const auto& [name, outputs] : {std::pair{"cls", kClasses}, std::pair{"reg", int64_t{4}}}) {
      const ir::Value kernel =
          m.add_parameter(at + name + ".weight", drawn(random, {outputs, 8, 1, 1}, 0.3), true);
      const ir::Value bias = m.add_parameter(at + name + ".bias", ir::Array::filled({outputs}, 1), true);
      maps[kind++].push_back(m.graph.add(at + name, ir::Conv2d{}, {x, kernel, bias}));
    }
  }
  const char* const names[]{"feat", "cls", "reg"};
  for (const size_t kind : {1, 2, 0}) {
    for (size_t l = 0; l < 3; ++l) m.graph.mark_output(names[kind] + std::to_string(l), maps[kind][l]);
  }
  return m;
}

data::Batch batch() {
  Random random(9);
  data::Batch batch;
  batch.count = 2;
  batch.height = batch.width = kSide;
  batch.images.resize(2 * 3 * kSide * kSide);
  for (auto& value : batch.images) value = static_cast<uint8_t>(random.bits() >> 56);
  batch.targets = {{0, 1, .5F, .5F, .5F, .4F}, {0, 0, .3F, .6F, .2F, .3F}, {1, 2, .6F, .4F, .7F, .7F}};
  return batch;
}

TrainRecipe recipe(double features, double classes) {
  TrainRecipe recipe;
  recipe.epochs = 10;
  recipe.bf16 = "off";
  recipe.ema = false;
  recipe.distill_feature_weight = features;
  recipe.distill_class_weight = classes;
  return recipe;
}

double distilled(const TrainRecipe& recipe, int64_t epoch, uint64_t teacher = 2) {
  const Training training{.start = network(1, true), .teacher = network(teacher, false)};
  return Learner(training, recipe, 0).learn(batch(), epoch).distill;
}

TEST(QatLearner, WeightRangesFollowTheWeightsFromTheStartAndAfterEachStep) {
  Learner learner({.start = network(1, true)}, recipe(0, 0), 0);
  const auto expect_followed = [&](const char* when) {
    const ir::Model model = learner.model();
    for (const char* level : {"level0.", "level1.", "level2."}) {
      const auto& weight = model.weights.at(std::string(level) + "weight");
      const auto& ranges = model.weights.at(std::string(level) + "weight.amax").floats();
      const size_t row = weight.floats().size() / ranges.size();
      for (size_t o = 0; o < ranges.size(); ++o) {
        float largest = 0;
        for (size_t i = 0; i < row; ++i) largest = std::max(largest, std::abs(weight.floats()[o * row + i]));
        EXPECT_EQ(ranges[o], largest) << when << ": " << level << o;
      }
    }
  };
  expect_followed("start");
  const ir::Model before = learner.model();
  learner.learn(batch(), 0);
  learner.step({.lr = 0.5, .bias_lr = 0.5, .momentum = 0.5});
  EXPECT_NE(before.weights.at("level0.weight"), learner.model().weights.at("level0.weight"));
  expect_followed("after a step");
}

TEST(QatLearner, DistillationFallsAlongItsCosine) {
  const TrainRecipe features = recipe(1, 0);
  const double first = distilled(features, 0);
  ASSERT_GT(first, 0);
  // (1 - cos(pi e / 10)) / 2 (0.01 - 1) + 1: 0.505 half way, 0.01 at the end.
  EXPECT_NEAR(distilled(features, 5) / first, 0.505, 1e-6);
  EXPECT_NEAR(distilled(features, 10) / first, 0.01, 1e-6);
}

TEST(QatLearner, ClassDistillationIsDividedByTheNormaliserOfTheDetectionLoss) {
  const TrainRecipe classes = recipe(0, 3);
  eager::Network student(network(1, true)), teacher(network(2, false));
  student.follow_weights();
  const data::Batch images = batch();
  const torch::Tensor pixels =
      torch::from_blob(const_cast<uint8_t*>(images.images.data()), {2, 3, kSide, kSide}, torch::kUInt8)
          .to(torch::kFloat32) /
      255;
  const PredictionGatherer gather(student);
  const auto found = student.forward(pixels, eager::Mode::evaluate);
  DetectionLoss loss({.class_count = kClasses, .iou = IouType::giou});
  const double normaliser = loss(gather(found), images.targets, gather.levels(found), 0).normaliser();
  ASSERT_GT(normaliser, 1.1) << "so that a missing division shows";
  const double sum =
      class_distillation(gather(found).logits, gather(teacher.forward(pixels, eager::Mode::evaluate)).logits,
                         classes.distill_temperature)
          .item<double>();
  EXPECT_NEAR(distilled(classes, 0), 3 * sum / normaliser, 1e-4 * sum);
}

TEST(QatLearner, ATeacherThatSaysTheSameTeachesNothing) {
  const Training training{.start = network(1, false), .teacher = network(1, false)};
  EXPECT_NEAR(Learner(training, recipe(10, 1), 0).learn(batch(), 0).distill, 0, 1e-5);
}

}  // namespace
}  // namespace y6q::train
