#include "eager/fake_quant.h"

#include <algorithm>
#include <span>
#include <type_traits>

#include "eager/fake_quant_kernel.h"
#include "eager/fake_quant_operators.h"
#include "eager/parallel.h"
#include "quant/fake_quant.h"

namespace y6q::eager {
namespace {

using torch::Tensor;

Tensor dense(const Tensor& tensor) {
  return tensor.is_non_overlapping_and_dense() ? tensor : tensor.contiguous();
}

/// Calls with (first element in memory, elements, channel) for slices that have one range; all threads.
template <typename Work>
void for_slices(const Tensor& tensor, int64_t axis, const Work& work) {
  constexpr int64_t kGrain = 1 << 16;
  if (axis < 0) {
    at::parallel_for(0, tensor.numel(), kGrain,
                     [&](int64_t begin, int64_t end) { work(begin, end - begin, 0); });
    return;
  }
  // Of a dense tensor, memory is cut into runs of the axis' stride, which take turns in its channels.
  const int64_t channels = tensor.size(axis);
  const int64_t run = channels == 1 ? tensor.numel() : tensor.stride(axis);
  if (tensor.numel() == 0) return;
  at::parallel_for(0, tensor.numel() / run, std::max<int64_t>(1, kGrain / run),
                   [&](int64_t begin, int64_t end) {
                     for (int64_t i = begin; i < end; ++i) work(i * run, run, i % channels);
                   });
}

/// The elements as quant knows them; BF16 is 16 bits for either.
template <typename Element>
using Known = std::conditional_t<std::is_same_v<Element, float>, float, quant::Bf16>;

template <typename Element>
std::span<const Known<Element>> part(const Tensor& tensor, int64_t first, int64_t count) {
  return {reinterpret_cast<const Known<Element>*>(tensor.const_data_ptr<Element>()) + first,
          static_cast<size_t>(count)};
}

template <typename Element>
std::span<Known<Element>> part_to_write(Tensor& tensor, int64_t first, int64_t count) {
  return {reinterpret_cast<Known<Element>*>(tensor.mutable_data_ptr<Element>()) + first,
          static_cast<size_t>(count)};
}

/// Calls work(Element{}) with the tensor's element type.
template <typename Work>
void with_element(const Tensor& tensor, const Work& work) {
  tensor.scalar_type() == at::kBFloat16 ? work(at::BFloat16{}) : work(float{});
}

}  // namespace

Rounding rounding_of(const ir::FakeQuant& op, bool rectifies, at::ScalarType type) {
  return {quant::integer_range(op.bits, op.is_signed), op.channel_axis, rectifies, type};
}

Tensor rounded(const Tensor& source, const Tensor& ranges, const Rounding& rounding) {
  if (source.is_cuda()) return fake_quantize_on_cuda(source, ranges, rounding);
  const float* limits = ranges.const_data_ptr<float>();
  Tensor result = torch::empty_like(source);
  with_element(source, [&]<typename Element>(Element) {
    for_slices(source, rounding.axis, [&](int64_t first, int64_t count, int64_t channel) {
      quant::fake_quantize(part<Element>(source, first, count), limits[channel], rounding.range,
                           part_to_write<Element>(result, first, count), rounding.rectifies);
    });
  });
  return result;
}

Tensor rounded_gradient(const Tensor& source, const Tensor& given, const Tensor& ranges,
                        const Rounding& rounding) {
  const bool same_layout = given.strides() == source.strides();
  const Tensor upstream = same_layout ? given : torch::empty_like(source).copy_(given);
  if (source.is_cuda()) return fake_quantize_gradient_on_cuda(source, upstream, ranges, rounding);
  const float* limits = ranges.const_data_ptr<float>();
  Tensor gradient = torch::empty_like(source);
  with_element(source, [&]<typename Element>(Element) {
    for_slices(source, rounding.axis, [&](int64_t first, int64_t count, int64_t channel) {
      quant::fake_quantize_gradient(part<Element>(source, first, count),
                                    part<Element>(upstream, first, count), limits[channel], rounding.range,
                                    part_to_write<Element>(gradient, first, count), rounding.rectifies);
    });
  });
  return gradient;
}

namespace {

class FakeQuantize : public torch::autograd::Function<FakeQuantize> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& given, const Tensor& amax,
                        int64_t bits, int64_t axis, bool is_signed, bool rectifies, at::ScalarType type) {
    const Tensor source = dense(given), ranges = amax.contiguous();
    context->save_for_backward({source, ranges});
    auto& data = context->saved_data;
    data["bits"] = bits;
    data["axis"] = axis;
    data["signed"] = is_signed;
    data["rectifies"] = rectifies;
    data["type"] = type;
    return rounded(source, ranges, rounding(data));
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    return {rounded_gradient(saved[0], gradients[0], saved[1], rounding(context->saved_data)),
            {},
            {},
            {},
            {},
            {},
            {}};
  }

 private:
  static Rounding rounding(ska::flat_hash_map<std::string, at::IValue>& data) {
    return {quant::integer_range(data["bits"].toInt(), data["signed"].toBool()), data["axis"].toInt(),
            data["rectifies"].toBool(), data["type"].toScalarType()};
  }
};

}  // namespace

Tensor fake_quantize(const Tensor& source, const Tensor& amax, const ir::FakeQuant& op, bool rectifies,
                     std::optional<at::ScalarType> wanted) {
  const at::ScalarType type = wanted.value_or(source.scalar_type());
  if (!source.is_cpu() && !source.is_cuda()) {
    const Tensor values = (rectifies ? source.relu() : source).to(torch::kFloat32);
    return fake_quantize_by_operators(values, amax, op).to(type);
  }
  const at::ScalarType made = source.is_cuda() ? type : source.scalar_type();
  return FakeQuantize::apply(source, amax, op.bits, op.channel_axis, op.is_signed, rectifies, made).to(type);
}

}  // namespace y6q::eager
