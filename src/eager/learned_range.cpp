#include "eager/learned_range.h"

#include <cmath>

#include "quant/fake_quant.h"

namespace y6q::eager {
namespace {

using torch::Tensor;

class LearnedRange : public torch::autograd::Function<LearnedRange> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& rounded,
                        const Tensor& source, const Tensor& amax, int64_t low, int64_t high, bool rectifies) {
    context->save_for_backward({rounded, source, amax});
    context->saved_data["low"] = low;
    context->saved_data["high"] = high;
    context->saved_data["rectifies"] = rectifies;
    return rounded.view_as(rounded);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor y = saved[0].to(torch::kFloat32), given = saved[1].to(torch::kFloat32), &amax = saved[2];
    const Tensor x = context->saved_data["rectifies"].toBool() ? given.relu() : given;
    const auto high = static_cast<double>(context->saved_data["high"].toInt());
    // Codes are shares of amax: what is beyond the last ones moves with it.
    const double lowest = static_cast<double>(context->saved_data["low"].toInt()) / high;
    const Tensor slope = ((y - x) / amax).masked_fill_(x >= amax, 1).masked_fill_(x <= amax * lowest, lowest);
    const auto elements = static_cast<double>(x.numel() / x.size(0));
    const Tensor sum = (gradients[0].to(torch::kFloat32) * slope).sum() * (high * std::sqrt(high / elements));
    const Tensor gradient = sum.masked_fill(amax <= static_cast<double>(quant::kZeroRange), 0);
    return {gradients[0], {}, gradient, {}, {}, {}};
  }
};

}  // namespace

Tensor with_learned_range(const Tensor& rounded, const Tensor& source, const Tensor& amax,
                          const ir::FakeQuant& op, bool rectifies) {
  const quant::IntegerRange range = quant::integer_range(op.bits, op.is_signed);
  return LearnedRange::apply(rounded, source.detach(), amax, range.low, range.high, rectifies);
}

}  // namespace y6q::eager
