#include "eager/weight_quantizers.h"

#include <gtest/gtest.h>

#include "eager/fake_quant.h"

namespace y6q::eager {
namespace {

using torch::Tensor;

struct Weight {
  Tensor values, ranges;
  ir::FakeQuant op;
};

std::vector<Weight> weights() {
  torch::manual_seed(8);
  std::vector<Weight> list{{torch::randn({3, 4, 3, 3}).contiguous(torch::MemoryFormat::ChannelsLast),
                            torch::rand({3}) + 0.5,
                            {.bits = 7, .channel_axis = 0}},
                           {torch::randn({5, 2, 1, 1}), torch::tensor(0.9F), {}},
                           {torch::randn({4, 6, 2, 2}), torch::rand({6}) + 0.5, {.channel_axis = 1}}};
  for (Weight& weight : list) weight.values.set_requires_grad(true);
  return list;
}

WeightQuantizers quantizers_of(const std::vector<Weight>& list) {
  std::vector<WeightQuantizers::Quantizer> quantizers;
  for (const Weight& weight : list)
    quantizers.push_back({weight.values, weight.ranges, rounding_of(weight.op)});
  return WeightQuantizers(std::move(quantizers));
}

// One quantizer after the other is the referee.
TEST(WeightQuantizers, RoundAndPassGradientsAsEachByItself) {
  const std::vector<Weight> list = weights();
  const WeightQuantizers together = quantizers_of(list);
  for (int round = 0; round < 2; ++round) {  // the second one sees new values
    const std::vector<Tensor> made = together.make();
    Tensor sum = torch::zeros({});
    std::vector<Tensor> wanted;
    for (size_t i = 0; i < list.size(); ++i) {
      const Tensor leaf = list[i].values.detach().clone().set_requires_grad(true);
      const Tensor factor = torch::randn(leaf.sizes());
      const Tensor alone = fake_quantize(leaf, list[i].ranges, list[i].op);
      EXPECT_TRUE(made[i].equal(alone));
      (alone * factor).sum().backward();
      wanted.push_back(leaf.grad());
      sum = sum + (made[i] * factor).sum();
    }
    sum.backward();
    const torch::NoGradGuard none;
    for (size_t i = 0; i < list.size(); ++i) {
      EXPECT_TRUE(list[i].values.grad().equal(wanted[i]));
      Tensor(list[i].values).mutable_grad() = Tensor();
      Tensor(list[i].values).mul_(1.7);
    }
  }
}

TEST(WeightQuantizers, WhatNobodyReadsGetsNoGradient) {
  const std::vector<Weight> list = weights();
  const WeightQuantizers together = quantizers_of(list);
  together.make()[1].sum().backward();
  EXPECT_FALSE(list[0].values.grad().defined());
  EXPECT_TRUE(list[1].values.grad().defined());
  EXPECT_TRUE(WeightQuantizers({}).make().empty());
}

}  // namespace
}  // namespace y6q::eager
