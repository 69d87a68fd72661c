#include <gmock/gmock.h>

#include "support/thread_group.h"
#include "train/learner.h"
#include "train/learner_test_network.h"

// Several processes learn what one with the whole batch learns.
namespace y6q::train {
namespace {

using tiny::Kernels;
using tiny::kSide;
using tiny::network;

/// Five images of noise; the second has no boxes, the last one two.
data::Batch whole_batch() {
  Random random(9);
  data::Batch batch;
  batch.count = batch.whole_count = 5;
  batch.height = batch.width = kSide;
  batch.images.resize(static_cast<size_t>(batch.count) * 3 * kSide * kSide);
  for (auto& value : batch.images) value = static_cast<uint8_t>(random.bits() >> 56);
  batch.targets = {{0, 1, .5F, .5F, .5F, .4F},
                   {2, 0, .3F, .6F, .2F, .3F},
                   {3, 2, .6F, .4F, .7F, .7F},
                   {4, 0, .2F, .2F, .3F, .3F},
                   {4, 2, .7F, .7F, .5F, .4F}};
  return batch;
}

data::Batch part_of(const data::Batch& whole, const dist::Place& place) {
  const int64_t first = whole.count * place.rank / place.size,
                last = whole.count * (place.rank + 1) / place.size;
  data::Batch part = whole;
  part.count = last - first;
  const auto bytes = static_cast<std::ptrdiff_t>(3 * kSide * kSide);
  part.images.assign(whole.images.begin() + first * bytes, whole.images.begin() + last * bytes);
  part.targets.clear();
  for (data::Target target : whole.targets) {
    if (target.image < first || target.image >= last) continue;
    target.image -= first;
    part.targets.push_back(target);
  }
  return part;
}

TrainRecipe recipe(bool sync_bn) {
  TrainRecipe recipe;
  recipe.epochs = 10;
  recipe.bf16 = "off";
  recipe.sync_bn = sync_bn;
  return recipe;
}

struct Learnt {
  ir::Model model;
  std::vector<double> losses;
};

/// Two steps of two batches each.
Learnt learn(const Training& training, const TrainRecipe& recipe, const data::Batch& batch,
             dist::Group& group) {
  Learner learner(training, recipe, 5e-4, group);
  Learnt learnt;
  for (int i = 0; i < 4; ++i) {
    const bool steps = i % 2 == 1;
    learnt.losses.push_back(group.sum(learner.learn(batch, i, steps).wait().total()));
    if (steps) learner.step({.lr = 0.01, .weight_lr = 0.01, .bias_lr = 0.01, .momentum = 0.9});
  }
  learnt.model = learner.model();
  return learnt;
}

void expect_close(const Learnt& found, const Learnt& wanted, const std::string& who) {
  for (size_t i = 0; i < wanted.losses.size(); ++i) {
    EXPECT_NEAR(found.losses[i], wanted.losses[i], 1e-5 * wanted.losses[i]) << who << ", iteration " << i;
  }
  for (const auto& [name, array] : wanted.model.weights) {
    const std::vector<float>& values = found.model.weights.at(name).floats();
    for (size_t i = 0; i < values.size(); ++i)
      ASSERT_NEAR(values[i], array.floats()[i], 1e-5) << who << ", " << name;
  }
}

void expect_equal_to_one_process(const Training& training, const TrainRecipe& recipe) {
  const data::Batch whole = whole_batch();
  const Learnt wanted = learn(training, recipe, whole, dist::alone());
  for (const int processes : {2, 4, 7}) {  // of seven, two have no image at all
    std::vector<Learnt> found(static_cast<size_t>(processes));
    support::ThreadJob(processes).run([&](dist::Group& group) {
      found[static_cast<size_t>(group.rank())] =
          learn(training, recipe, part_of(whole, group.place()), group);
    });
    for (const Learnt& one : found) expect_close(one, wanted, std::to_string(processes) + " processes");
    for (const Learnt& one : found)
      EXPECT_EQ(one.model.weights, found[0].model.weights) << "all have the same";
  }
}

TEST(LearnerProcesses, QatWithATeacher) {
  expect_equal_to_one_process(
      {.start = network(1, Kernels::quantized), .teacher = network(2, Kernels::plain)}, recipe(false));
}

TEST(LearnerProcesses, FloatWithSynchronisedStatistics) {
  expect_equal_to_one_process({.start = network(1, Kernels::normalised)}, recipe(true));
}

// Statistics of one's own images: running ones are averaged, so that all processes keep one network.
TEST(LearnerProcesses, WithoutSynchronisedStatisticsAllKeepTheSameNetwork) {
  const data::Batch whole = whole_batch();
  std::vector<Learnt> found(3);
  support::ThreadJob(3).run([&](dist::Group& group) {
    found[static_cast<size_t>(group.rank())] = learn({.start = network(1, Kernels::normalised)},
                                                     recipe(false), part_of(whole, group.place()), group);
  });
  for (const Learnt& one : found) EXPECT_EQ(one.model.weights, found[0].model.weights);
}

// One bucket a parameter, sent in one order whatever the order in which gradients come.
TEST(GradientSum, ParametersWithoutGradientCountAsZeros) {
  support::ThreadJob(2).run([](dist::Group& group) {
    const auto parameter = [](std::vector<float> values) {
      return torch::tensor(values).requires_grad_(true);
    };
    const std::vector<eager::NamedTensor> tensors{{"a", eager::Kind::weight, parameter({1, 2})},
                                                  {"unused", eager::Kind::bias, parameter({5})},
                                                  {"b", eager::Kind::weight, parameter({3})}};
    const auto adding = dist::tensor_sum(group, at::kCPU);
    GradientSum sum(tensors, *adding, sizeof(float));
    for (int round = 1; round <= 2; ++round) {
      sum.begin();
      // Rank 1 does not use b in the second round.
      torch::Tensor loss = tensors[0].tensor.sum() * (group.rank() + 1);
      if (round == 1 || group.rank() == 0) loss = loss + tensors[2].tensor.sum() * 10;
      loss.backward();
      sum.end();
      EXPECT_TRUE(tensors[0].tensor.grad().equal(torch::tensor({3.0F, 3.0F})));
      EXPECT_TRUE(tensors[1].tensor.grad().equal(torch::tensor({0.0F})));
      EXPECT_TRUE(tensors[2].tensor.grad().equal(torch::tensor({round == 1 ? 20.0F : 10.0F})));
      sum.clear();
    }
  });
}

}  // namespace
}  // namespace y6q::train
