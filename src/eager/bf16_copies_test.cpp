#include "eager/bf16_copies.h"

#include <gtest/gtest.h>

// One cast after the other is the referee.
namespace y6q::eager {
namespace {

using torch::Tensor;

TEST(Bf16Copies, CopiesAndGradientsAreThoseOfCasts) {
  torch::manual_seed(1);
  std::vector<Tensor> sources{torch::randn({3, 4, 3, 3}).contiguous(torch::MemoryFormat::ChannelsLast),
                              torch::randn({5}), torch::randn({2, 2})};
  for (Tensor& source : sources) source.set_requires_grad(true);
  Bf16Copies copies(sources);
  for (int round = 0; round < 2; ++round) {  // the second one sees new values and adds its gradients
    std::vector<Tensor> wanted;
    for (const Tensor& source : sources) {
      const Tensor factor = torch::randn(source.sizes());
      const Tensor leaf = source.detach().clone().set_requires_grad(true);
      (leaf.to(torch::kBFloat16) * factor.to(torch::kBFloat16)).sum().backward();
      wanted.push_back(leaf.grad());
      const Tensor copy = copies.make()[wanted.size() - 1];
      EXPECT_TRUE(copy.equal(source.to(torch::kBFloat16)));
      EXPECT_EQ(copy.strides(), source.strides());
      source.mutable_grad() = Tensor();
      (copy * factor.to(torch::kBFloat16)).sum().backward();
      EXPECT_TRUE(source.grad().equal(wanted.back()));
      EXPECT_EQ(source.grad().strides(), source.strides());
    }
    const torch::NoGradGuard none;
    for (Tensor& source : sources) source.mul_(1.7);
  }
  EXPECT_FALSE(sources[1].grad().is_same(sources[2].grad()));
}

TEST(Bf16Copies, WhatNobodyReadsGetsNoGradient) {
  std::vector<Tensor> sources{torch::ones({2}).set_requires_grad(true),
                              torch::ones({3}).set_requires_grad(true)};
  Bf16Copies copies(sources);
  copies.make()[1].sum().backward();
  EXPECT_FALSE(sources[0].grad().defined());
  EXPECT_TRUE(sources[1].grad().equal(torch::ones({3})));
  EXPECT_TRUE(Bf16Copies({}).make().empty());
}

}  // namespace
}  // namespace y6q::eager
