#include "eager/sync_batch_norm.h"

#include <gtest/gtest.h>

#include "support/thread_group.h"

namespace y6q::eager {
namespace {

using torch::Tensor;

struct Normalised {
  Tensor result, by_source, by_gain, by_bias, mean, variance;
};

/// Forward, and backward of sum(result * weights).
template <typename Norm>
Normalised run(const Norm& norm, const Tensor& source, const Tensor& weights) {
  const Tensor x = source.clone().requires_grad_(true);
  const Tensor gain = torch::tensor({0.5F, 2.0F, -1.0F}).requires_grad_(true),
               bias = torch::tensor({0.1F, 0.0F, 3.0F}).requires_grad_(true);
  Normalised out;
  out.mean = torch::tensor({0.0F, 1.0F, 2.0F});
  out.variance = torch::tensor({1.0F, 2.0F, 0.5F});
  const std::vector<Tensor> operands{x, gain, bias, out.mean, out.variance};
  out.result = norm(operands);
  (out.result * weights).sum().backward();
  out.by_source = x.grad();
  out.by_gain = gain.grad();
  out.by_bias = bias.grad();
  return out;
}

// Uneven shares, one of them empty, against LibTorch's own of the whole batch.
TEST(SyncBatchNorm, SharesOfABatchAreTheBatch) {
  const ir::BatchNorm op{.eps = 1e-3F, .momentum = 0.03F};
  const Tensor source = torch::randn({5, 3, 4, 6}) * 3 + 1, weights = torch::randn({5, 3, 4, 6});
  const Normalised whole = run(
      [&](const std::vector<Tensor>& in) {
        return at::batch_norm(in[0], in[1], in[2], in[3], in[4], true, op.momentum, op.eps, false);
      },
      source, weights);
  const int64_t cuts[]{0, 2, 2, 5};
  std::vector<Normalised> parts(3);
  support::ThreadJob(3).run([&](dist::Group& group) {
    const auto rank = static_cast<size_t>(group.rank());
    const auto sum = dist::tensor_sum(group, at::kCPU);
    const auto slice = [&](const Tensor& all) { return all.slice(0, cuts[rank], cuts[rank + 1]); };
    parts[rank] = run([&](const std::vector<Tensor>& in) { return sync_batch_norm(in, op, *sum); },
                      slice(source), slice(weights));
  });
  const auto joined = [&](Tensor Normalised::*member) {
    return torch::cat({parts[0].*member, parts[1].*member, parts[2].*member});
  };
  const auto added = [&](Tensor Normalised::*member) {
    return parts[0].*member + parts[1].*member + parts[2].*member;
  };
  constexpr double kClose = 1e-5;
  EXPECT_TRUE(joined(&Normalised::result).allclose(whole.result, kClose, kClose));
  EXPECT_TRUE(joined(&Normalised::by_source).allclose(whole.by_source, kClose, kClose));
  EXPECT_TRUE(added(&Normalised::by_gain).allclose(whole.by_gain, kClose, 1e-4));
  EXPECT_TRUE(added(&Normalised::by_bias).allclose(whole.by_bias, kClose, 1e-4));
  for (const Normalised& part : parts) {
    EXPECT_TRUE(part.mean.allclose(whole.mean, kClose, kClose));
    EXPECT_TRUE(part.variance.allclose(whole.variance, kClose, kClose));
  }
}

}  // namespace
}  // namespace y6q::eager
