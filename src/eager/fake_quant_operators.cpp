#include "eager/fake_quant_operators.h"

#include "quant/fake_quant.h"

namespace y6q::eager {
namespace {

using torch::Tensor;

Tensor along(const Tensor& ranges, const Tensor& source, int64_t axis) {
  if (axis < 0) return ranges;
  std::vector<int64_t> shape(static_cast<size_t>(source.dim()), 1);
  shape[static_cast<size_t>(axis)] = -1;
  return ranges.view(shape);
}

class FakeQuantizeByOperators : public torch::autograd::Function<FakeQuantizeByOperators> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& source, const Tensor& amax,
                        int64_t bits, bool is_signed) {
    context->save_for_backward({source, amax});
    context->saved_data["signed"] = is_signed;
    const quant::IntegerRange range = quant::integer_range(bits, is_signed);
    // A number divided by a tensor would be computed as its reciprocal times the number, which rounds twice.
    const Tensor factor = torch::ones_like(amax).mul_(range.high).div_(amax.clamp_min(quant::kZeroRange));
    const Tensor codes = (source * factor).clamp_(range.low, range.high).round_();
    // Adding zero makes -0 the loops' 0.
    return codes.div_(factor).mul_(amax > quant::kZeroRange).add_(0);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &source = saved[0], &amax = saved[1];
    const Tensor low = context->saved_data["signed"].toBool() ? -amax : torch::zeros_like(amax);
    return {gradients[0] * (source >= low) * (source <= amax), {}, {}, {}};
  }
};

}  // namespace

Tensor fake_quantize_by_operators(const Tensor& source, const Tensor& amax, const ir::FakeQuant& op) {
  return FakeQuantizeByOperators::apply(source, along(amax, source, op.channel_axis), op.bits, op.is_signed);
}

Tensor ranges_of_half_steps(const Tensor& amax, const ir::FakeQuant& op) {
  const int64_t high = quant::integer_range(op.bits, op.is_signed).high;
  const Tensor nearest = (amax / high).to(at::kHalf);
  const Tensor next = (nearest.view(at::kShort) + 1).view(at::kHalf);  // of positive numbers
  const Tensor step = at::where(nearest.to(at::kFloat) * high < amax, next, nearest).to(at::kFloat);
  return at::where(amax > quant::kZeroRange, step * high, amax);
}

}  // namespace y6q::eager
