#include <gtest/gtest.h>

#include "base/random.h"
#include "eager/torch.h"
#include "train/fused.h"
#include "train/repopt.h"

// spec/03 §1: a linear-branch network with constant scales a, b and a trainable identity scale c under SGD
// equals its single-branch twin under RepOptimizer. In double; scales and start weights have few bits, so
// that masks and merged kernels are exact although they are made in float32.
namespace y6q::train {
namespace {

using torch::Tensor;

/// Multiples of 1/16 in [-1, 1].
std::vector<float> dyadic(Random& random, int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = static_cast<float>(random.index(33) - 16) / 16;
  return values;
}

Tensor to_double(const std::vector<float>& values, const std::vector<int64_t>& shape) {
  return torch::tensor(values, torch::kFloat64).view(shape).contiguous();
}

struct Parameter {
  Tensor value, velocity, mask;
  explicit Parameter(const Tensor& start, const Tensor& gradient_mask = {})
      : value(start.clone().requires_grad_()), velocity(torch::zeros_like(start)), mask(gradient_mask) {}

  void step(const SgdStep<double>& settings) {
    const torch::NoGradGuard no_gradients;
    const Tensor gradient = value.grad().contiguous();
    sgd_update(SgdArrays<double>{value.data_ptr<double>(), velocity.data_ptr<double>(),
                                 gradient.const_data_ptr<double>(),
                                 mask.defined() ? mask.const_data_ptr<double>() : nullptr},
               0, value.numel(), settings);
    value.mutable_grad() = Tensor();
  }
};

/// One block in both forms.
struct Block {
  BlockScales scales;
  Tensor a, b;                            // [1, O, 1, 1]
  std::vector<Parameter> branches, twin;  // K3, K1 and c; W

  Block(Random& random, int64_t in, int64_t out)
      : scales{"block", dyadic(random, out), dyadic(random, out), {}},
        a(to_double(scales.conv3x3, {1, out, 1, 1})),
        b(to_double(scales.conv1x1, {1, out, 1, 1})) {
    if (in == out) scales.identity = dyadic(random, out);
    ir::Array kernel{{out, in, 3, 3}, dyadic(random, out * in * 9)};
    const std::vector<float> small = dyadic(random, out * in);
    branches.emplace_back(to_double(kernel.floats(), kernel.shape));
    branches.emplace_back(to_double(small, {out, in, 1, 1}));
    if (in == out) branches.emplace_back(to_double(scales.identity, {1, out, 1, 1}));
    const ir::Array mask = gradient_mask(kernel.shape, scales);
    reinitialise(kernel, small, scales);
    twin.emplace_back(to_double(kernel.floats(), kernel.shape), to_double(mask.floats(), kernel.shape));
  }

  Tensor branchy(const Tensor& x) const {
    Tensor y = a * at::conv2d(x, branches[0].value, {}, 1, 1) + b * at::conv2d(x, branches[1].value);
    return branches.size() > 2 ? y + branches[2].value * x : y;
  }
  Tensor single(const Tensor& x) const { return at::conv2d(x, twin[0].value, {}, 1, 1); }
};

TEST(RepOpt, EqualsTheLinearBranchNetworkUnderSgd) {
  Random random(7);
  std::vector<Block> blocks;
  for (const auto& [in, out] : {std::pair{3, 4}, std::pair{4, 4}, std::pair{4, 2}})
    blocks.emplace_back(random, in, out);
  torch::manual_seed(1);
  const Tensor images = torch::randn({4, 3, 8, 8}, torch::kFloat64);
  const Tensor wanted = torch::randn({4, 2, 8, 8}, torch::kFloat64);
  const auto loss = [&](auto forward) {
    Tensor x = images;
    for (const Block& block : blocks) {
      x = at::batch_norm(forward(block, x), {}, {}, {}, {}, true, 0, 1e-3, false).relu();
    }
    return (x - wanted).square().mean();
  };
  const auto branchy = [](const Block& block, const Tensor& x) { return block.branchy(x); };
  const auto single = [](const Block& block, const Tensor& x) { return block.single(x); };
  const double before = loss(single).item<double>();
  for (int step = 0; step < 50; ++step) {
    loss(branchy).backward();
    loss(single).backward();
    for (Block& block : blocks) {
      for (Parameter& parameter : block.branches) parameter.step({0.05, 0.9, 1e-3});
      for (Parameter& parameter : block.twin) parameter.step({0.05, 0.9, 1e-3});
    }
  }
  const torch::NoGradGuard no_gradients;
  EXPECT_LT(loss(single).item<double>(), 0.9 * before);  // they did learn
  EXPECT_NEAR(loss(single).item<double>(), loss(branchy).item<double>(), 1e-9);
  for (const Block& block : blocks) {
    const Tensor x = torch::randn({1, block.twin[0].value.size(1), 6, 6}, torch::kFloat64);
    EXPECT_LT((block.branchy(x) - block.single(x)).abs().max().item<double>(), 1e-9);
  }
}

}  // namespace
}  // namespace y6q::train
