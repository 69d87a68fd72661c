#include "eager/sync_batch_norm.h"

namespace y6q::eager {
namespace {

using torch::Tensor;

Tensor over_channels(const Tensor& values) { return values.view({1, -1, 1, 1}); }

Tensor channel_sums(const Tensor& source) { return source.sum({0, 2, 3}, false, torch::kFloat64); }

/// The rows added over all processes. [rows, C] float64.
Tensor summed(const std::vector<Tensor>& rows, dist::TensorSum& sum) {
  Tensor all = torch::stack(rows);
  sum.add(all);
  return all;
}

struct Function : torch::autograd::Function<Function> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& source, const Tensor& gain,
                        const Tensor& bias, const Tensor& mean, const Tensor& inverse, const Tensor& count,
                        dist::TensorSum* sum) {
    context->save_for_backward({source, gain, mean, inverse, count});
    context->saved_data["sum"] = reinterpret_cast<int64_t>(sum);  // NOLINT(*-reinterpret-cast)
    const Tensor factor = gain * inverse;
    return (source.to(torch::kFloat32) * over_channels(factor) + over_channels(bias - mean * factor))
        .to(source.scalar_type());
  }

  // With y = gain x' + bias, x' = (x - mean) / deviation over n values: dx = gain / deviation
  // (dy - sum(dy) / n - x' sum(dy x') / n)  (arXiv 1502.03167, section 3; the sums over all processes).
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list upstream) {
    const auto saved = context->get_saved_variables();
    const Tensor &source = saved[0], &gain = saved[1], &mean = saved[2], &inverse = saved[3],
                 &count = saved[4];
    auto& sum = *reinterpret_cast<dist::TensorSum*>(  // NOLINT(*-reinterpret-cast)
        context->saved_data["sum"].toInt());
    const Tensor by = upstream[0].to(torch::kFloat32);
    const Tensor normal = (source.to(torch::kFloat32) - over_channels(mean)) * over_channels(inverse);
    const Tensor by_bias = channel_sums(by), by_gain = channel_sums(by * normal);
    const Tensor all = summed({by_bias, by_gain}, sum) / count;
    const auto mean_of = [&](int64_t row) { return over_channels(all[row].to(torch::kFloat32)); };
    const Tensor by_source = (by - mean_of(0) - normal * mean_of(1)) * over_channels(gain * inverse);
    return {by_source.to(source.scalar_type()),
            by_gain.to(torch::kFloat32),
            by_bias.to(torch::kFloat32),
            {},
            {},
            {},
            {}};
  }
};

}  // namespace

Tensor sync_batch_norm(std::span<const Tensor> operands, const ir::BatchNorm& op, dist::TensorSum& sum) {
  const Tensor &source = operands[0], &gain = operands[1], &bias = operands[2];
  const Tensor values = source.detach().to(torch::kFloat32);
  const auto pixels = static_cast<double>(source.size(0) * source.size(2) * source.size(3));
  const Tensor all = summed({channel_sums(values), channel_sums(values.square()),
                             torch::ones({source.size(1)}, values.options().dtype(torch::kFloat64)) * pixels},
                            sum);
  const Tensor& count = all[2];
  const Tensor mean = all[0] / count, variance = (all[1] / count - mean.square()).clamp_min(0);
  {
    const torch::NoGradGuard no_gradients;
    operands[3].lerp_(mean.to(torch::kFloat32), op.momentum);
    operands[4].lerp_((variance * (count / (count - 1))).to(torch::kFloat32), op.momentum);
  }
  return Function::apply(source, gain, bias, mean.to(torch::kFloat32),
                         (variance + op.eps).rsqrt().to(torch::kFloat32), count, &sum);
}

}  // namespace y6q::eager
