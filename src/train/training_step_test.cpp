#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "train/arrays.h"
#include "train/detection_loss.h"
#include "train/ema.h"
#include "train/optimizer.h"

namespace y6q::train {
namespace {

constexpr int64_t kStrides[] = {8, 16, 32};

struct Maps {
  std::vector<torch::Tensor> classes, boxes;
};

Maps random_maps(int64_t batch, int64_t class_count, int64_t height, int64_t width) {
  torch::manual_seed(5);
  Maps maps;
  for (const int64_t stride : kStrides) {
    maps.classes.push_back(torch::randn({batch, class_count, height / stride, width / stride}) - 2);
    maps.boxes.push_back(torch::rand({batch, 4, height / stride, width / stride}) * 3);
    maps.classes.back().requires_grad_();
    maps.boxes.back().requires_grad_();
  }
  return maps;
}

const std::vector<data::Target> kTargets{
    {0, 1, .5F, .5F, .5F, .4F}, {0, 0, .3F, .6F, .2F, .3F}, {1, 2, .6F, .4F, .7F, .7F}};

TEST(Predictions, RowsRunOverLevelsThenRowsThenColumns) {
  const Maps maps = random_maps(2, 3, 64, 96);
  const Predictions rows = gather_predictions(maps.classes, maps.boxes);
  ASSERT_EQ(rows.logits.sizes().vec(), (std::vector<int64_t>{2, 96 + 24 + 6, 3}));
  EXPECT_EQ(rows.logits[1][5 * 12 + 7][2].item<float>(), maps.classes[0][1][2][5][7].item<float>());
  EXPECT_EQ(rows.distances[0][96 + 1 * 6 + 4][3].item<float>(), maps.boxes[1][0][3][1][4].item<float>());
  EXPECT_EQ(rows.distances[1][120 + 5][0].item<float>(), maps.boxes[2][1][0][1][2].item<float>());
}

TEST(DetectionLoss, GradientReachesTheMapsAndAgreesWithDifferences) {
  Maps maps = random_maps(2, 3, 64, 96);
  // The targets themselves depend on the predictions; ATSS keeps the mask, and its scores carry no gradient,
  // so differences are taken on elements of background anchors, where nothing else moves.
  DetectionLoss loss({.class_count = 3, .iou = IouType::siou});
  const auto levels = levels_of(64, 96, kStrides);
  const auto value = [&] { return loss(gather_predictions(maps.classes, maps.boxes), kTargets, levels, 0); };
  const DetectionLossResult result = value();
  (2 * result.total).backward();
  const double total = result.terms().wait().total();
  EXPECT_NEAR(result.total.item<double>(), total, 1e-5 * total);
  EXPECT_GT(result.assignments[0].size() + result.assignments[1].size(), 3);
  for (int64_t column = 0; column < 12; ++column) {
    const double slope = maps.classes[0].grad()[1][2][0][column].item<double>();
    const torch::NoGradGuard no_gradients;
    torch::Tensor element = maps.classes[0][1][2][0][column];
    element += 0.02;
    const double above = value().terms().wait().total();
    element -= 0.04;
    const double below = value().terms().wait().total();
    element += 0.02;
    EXPECT_NEAR(slope, 2 * (above - below) / 0.04, 1e-3 * std::abs(slope) + 1e-5);
  }
}

TEST(DetectionLoss, DoesNotDependOnTheNumberOfThreads) {
  const Maps maps = random_maps(3, 4, 64, 64);
  const auto run = [&](int threads) {
    at::set_num_threads(threads);
    DetectionLoss loss({.class_count = 4});
    return loss(gather_predictions(maps.classes, maps.boxes), kTargets, levels_of(64, 64, kStrides), 9)
        .terms()
        .wait()
        .total();
  };
  const double one = run(1);
  EXPECT_EQ(run(2), one);
}

TEST(DetectionLoss, RefusesMapsOfOtherShape) {
  const Maps maps = random_maps(2, 3, 64, 96);
  DetectionLoss loss({.class_count = 4});
  EXPECT_ANY_THROW(
      loss(gather_predictions(maps.classes, maps.boxes), kTargets, levels_of(64, 96, kStrides), 0));
}

eager::NamedTensor named(const std::string& name, eager::Kind kind, std::vector<float> values) {
  return {name, kind, torch::tensor(values).requires_grad_(kind != eager::Kind::buffer)};
}

TEST(Sgd, TakesTwoStepsAsByHand) {
  std::vector<eager::NamedTensor> tensors{
      named("w", eager::Kind::weight, {1, 2}), named("b", eager::Kind::bias, {1}),
      named("g", eager::Kind::bn_gain, {1}), named("m", eager::Kind::buffer, {1})};
  Sgd sgd(tensors, 0.1);
  sgd.set_gradient_mask("w", torch::tensor({2.0F, 0.0F}));
  const StepSettings settings{.lr = 0.5, .weight_lr = 0.5, .bias_lr = 0.25, .momentum = 0.5};
  for (int step = 0; step < 2; ++step) {
    for (auto& t : tensors) {
      if (t.kind != eager::Kind::buffer) t.tensor.mutable_grad() = torch::ones_like(t.tensor);
    }
    sgd.step(settings);
  }
  // w0: g = 2 + .1 * 1 = 2.1, v = 2.1, p = 1 - .5 (2.1 + 1.05) = -.575;
  //     g = 2 - .0575 = 1.9425, v = 2.9925, p = -.575 - .5 (1.9425 + 1.49625) = -2.294375.
  EXPECT_NEAR(tensors[0].tensor[0].item<float>(), -2.294375, 1e-6);
  // w1 is masked: decay alone. g = .2, p = 2 - .5 * .3 = 1.85; g = .185, v = .285, p = 1.85 - .5 * .3275
  // = 1.68625.
  EXPECT_NEAR(tensors[0].tensor[1].item<float>(), 1.68625, 1e-6);
  // Gradient 1, no decay: v = 1, 1.5; p = 1 - lr (1.5 + 1.75).
  EXPECT_NEAR(tensors[1].tensor[0].item<float>(), 1 - .25 * 3.25, 1e-6);
  EXPECT_NEAR(tensors[2].tensor[0].item<float>(), 1 - .5 * 3.25, 1e-6);
  EXPECT_EQ(tensors[3].tensor[0].item<float>(), 1);
  EXPECT_EQ(sgd.state().size(), 3U);
}

TEST(Sgd, GradientsOfAnotherMemoryLayoutMeanTheSameElements) {
  const auto values = torch::randn({2, 3, 3, 3});
  eager::NamedTensor rows{"w", eager::Kind::weight, values.clone().requires_grad_()};
  eager::NamedTensor last{"w", eager::Kind::weight,
                          values.clone().contiguous(torch::MemoryFormat::ChannelsLast).requires_grad_()};
  const auto gradient = torch::randn({2, 3, 3, 3});
  for (auto* tensor : {&rows, &last}) {
    Sgd sgd({*tensor}, 0.01);
    tensor->tensor.mutable_grad() = gradient;
    sgd.step({.weight_lr = 0.1, .momentum = 0.9});
  }
  EXPECT_TRUE(torch::equal(rows.tensor, last.tensor));
}

TEST(Sgd, RefusesMasksForNothing) {
  Sgd sgd({named("w", eager::Kind::weight, {1, 2})}, 0);
  EXPECT_ANY_THROW(sgd.set_gradient_mask("x", torch::ones({2})));
  EXPECT_ANY_THROW(sgd.set_gradient_mask("w", torch::ones({3})));
}

TEST(Ema, DecayHasTheValuesComputedByHand) {  // spec/02 §8b
  EXPECT_NEAR(ema_decay(1), .00049983, 1e-8);
  EXPECT_NEAR(ema_decay(100), .04876570, 1e-8);
  EXPECT_NEAR(ema_decay(2000), .63205735, 1e-8);
  EXPECT_NEAR(ema_decay(20000), .99985460, 1e-8);
}

TEST(Ema, FollowsTheLiveTensors) {
  std::vector<eager::NamedTensor> tensors{named("w", eager::Kind::weight, {1, 2}),
                                          named("m", eager::Kind::buffer, {4})};
  Ema ema(tensors);
  ema.set_updates(1999);
  {
    const torch::NoGradGuard no_gradients;
    tensors[0].tensor.add_(1);
    tensors[1].tensor.mul_(2);
  }
  ema.update();
  const double keep = .63205735;
  EXPECT_NEAR(ema.state().at("w")[1].item<float>(), keep * 2 + (1 - keep) * 3, 1e-6);
  EXPECT_NEAR(ema.state().at("m")[0].item<float>(), keep * 4 + (1 - keep) * 8, 1e-6);
}

}  // namespace
}  // namespace y6q::train
