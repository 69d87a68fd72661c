#include <gtest/gtest.h>

#include "base/errors.h"
#include "eager/images.h"
#include "train/distillation.h"
#include "train/learner.h"
#include "train/learner_test_network.h"
#include "train/teacher_labels.h"

// What QAT adds to a training step: weight ranges that follow the weights, and the teacher's terms.
namespace y6q::train {
namespace {

using tiny::batch;
using tiny::kClasses;
using tiny::Kernels;
using tiny::kSide;
using tiny::network;

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
  const Training training{.start = network(1, Kernels::quantized),
                          .teacher = network(teacher, Kernels::plain)};
  return Learner(training, recipe, 0).learn(batch(), epoch).wait().distill;
}

TEST(QatLearner, WeightRangesFollowTheWeightsFromTheStartAndAfterEachStep) {
  Learner learner({.start = network(1, Kernels::quantized)}, recipe(0, 0), 0);
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
  learner.step({.lr = 0.5, .weight_lr = 0.5, .bias_lr = 0.5, .momentum = 0.5});
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
  eager::Network student(network(1, Kernels::quantized)), teacher(network(2, Kernels::plain));
  student.follow_weights();
  const data::Batch images = batch();
  const torch::Tensor pixels = eager::to_images(images.images.data(), {2, 3, kSide, kSide});
  const PredictionGatherer gather(student);
  const auto found = student.forward(pixels, eager::Mode::evaluate);
  DetectionLoss loss({.class_count = kClasses, .iou = IouType::giou});
  const double normaliser =
      loss(gather(found), images.targets, gather.levels(found), 0).normaliser.item<double>();
  ASSERT_GT(normaliser, 1.1) << "so that a missing division shows";
  const double sum =
      class_distillation(gather(found).logits, gather(teacher.forward(pixels, eager::Mode::evaluate)).logits,
                         classes.distill_temperature)
          .item<double>();
  EXPECT_NEAR(distilled(classes, 0), 3 * sum / normaliser, 1e-4 * sum);
}

TEST(QatLearner, ATeacherThatSaysTheSameTeachesNothing) {
  const Training training{.start = network(1, Kernels::plain), .teacher = network(1, Kernels::plain)};
  EXPECT_NEAR(Learner(training, recipe(10, 1), 0).learn(batch(), 0).wait().distill, 0, 1e-5);
}

// A teacher that is sure of one cell: its box is the only target, whatever the labels say.
TEST(QatLearner, WithoutLabelsTheObjectsAreWhatTheTeacherDetects) {
  TrainRecipe without = recipe(0, 0);
  without.labels = false;
  const Training training{.start = network(1, Kernels::quantized), .teacher = network(2, Kernels::plain)};
  eager::Network teacher(network(2, Kernels::plain));
  data::Batch images = batch();
  const torch::Tensor pixels = eager::to_images(images.images.data(), {2, 3, kSide, kSide});
  const auto detected = teacher_labels(teacher, teacher.forward(pixels, eager::Mode::evaluate), kSide, kSide);
  ASSERT_FALSE(detected.empty());
  const LossTerms found = Learner(training, without, 0).learn(images, 0).wait();
  images.targets = detected;
  const LossTerms labelled = Learner(training, recipe(0, 0), 0).learn(images, 0).wait();
  EXPECT_EQ(found.iou, labelled.iou);
  EXPECT_EQ(found.classes, labelled.classes);
  EXPECT_THROW(Learner({.start = network(1, Kernels::quantized)}, without, 0), InputError);
}

}  // namespace
}  // namespace y6q::train
