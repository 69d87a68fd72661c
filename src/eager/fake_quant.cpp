#include "eager/fake_quant.h"

#include <cmath>

namespace y6q::eager {
namespace {

struct Bounds {
  float smallest, largest;
};

Bounds bounds_of(const ir::FakeQuant& op) {
  const float largest = std::ldexp(1.0F, static_cast<int>(op.is_signed ? op.bits - 1 : op.bits)) - 1;
  return {op.is_signed ? -largest - 1 : 0, largest};
}

/// amax in a shape that broadcasts over the source.
torch::Tensor along_axis(const torch::Tensor& amax, const torch::Tensor& source, int64_t axis) {
  if (axis < 0) return amax;
  std::vector<int64_t> shape(static_cast<size_t>(source.dim()), 1);
  shape[static_cast<size_t>(axis)] = -1;
  return amax.view(shape);
}

/// One range for the whole tensor: one pass over memory, whatever its layout.
torch::Tensor quantize_tensor(const torch::Tensor& source, float range, Bounds bounds) {
  if (range == 0) return source.clone();
  const torch::Tensor dense = source.is_non_overlapping_and_dense() ? source : source.contiguous();
  torch::Tensor result = torch::empty_like(dense);
  const float scale = bounds.largest / range;
  const float* in = dense.const_data_ptr<float>();
  float* out = result.mutable_data_ptr<float>();
  constexpr int64_t kGrain = 1 << 16;
  at::parallel_for(0, dense.numel(), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      out[i] = std::min(std::max(std::nearbyintf(in[i] * scale), bounds.smallest), bounds.largest) / scale;
    }
  });
  return result;
}

torch::Tensor quantize_channels(const torch::Tensor& source, const torch::Tensor& range, Bounds bounds) {
  const torch::Tensor scale = bounds.largest / range;
  const torch::Tensor codes = (source * scale).round_().clamp_(bounds.smallest, bounds.largest);
  return torch::where(range == 0, source, codes / scale);
}

class FakeQuantize : public torch::autograd::Function<FakeQuantize> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& source,
                               const torch::Tensor& amax, int64_t bits, int64_t axis, bool is_signed) {
    const Bounds bounds = bounds_of({bits, axis, is_signed});
    const torch::Tensor range = along_axis(amax, source, axis);
    context->save_for_backward({source, range});
    context->saved_data["signed"] = is_signed;
    return axis < 0 ? quantize_tensor(source, amax.item<float>(), bounds)
                    : quantize_channels(source, range, bounds);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &source = saved[0], &range = saved[1];
    const torch::Tensor upper = source <= range;
    const torch::Tensor inside =
        context->saved_data["signed"].toBool() ? upper & (source >= -range) : upper & (source >= 0);
    return {gradients[0] * (inside | (range == 0)), {}, {}, {}, {}};
  }
};

}  // namespace

torch::Tensor fake_quantize(const torch::Tensor& source, const torch::Tensor& amax, const ir::FakeQuant& op) {
  return FakeQuantize::apply(source, amax, op.bits, op.channel_axis, op.is_signed);
}

}  // namespace y6q::eager
