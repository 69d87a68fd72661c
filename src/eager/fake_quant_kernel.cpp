#include "eager/fake_quant_kernel.h"

#include "eager/cuda_program.h"

namespace y6q::eager {
namespace {

using torch::Tensor;

// Four elements a thread.
constexpr const char* kFakeQuantSource = R"cuda(
template <typename Element>
struct alignas(4 * sizeof(Element)) Four { Element at[4]; };

template <typename Element>
__device__ Four<Element> load(const Element* from, int count, bool whole) {
  if (whole) return *reinterpret_cast<const Four<Element>*>(from);
  Four<Element> four;
  for (int i = 0; i < count; ++i) four.at[i] = from[i];
  return four;
}

template <typename Element>
__device__ void store(Element* to, const Four<Element>& four, int count, bool whole) {
  if (whole) {
    *reinterpret_cast<Four<Element>*>(to) = four;
  } else {
    for (int i = 0; i < count; ++i) to[i] = four.at[i];
  }
}

struct Ranges {
  const float* amax;
  long long run, channels;  // neighbours in memory that share a range; how many ranges take turns
  float low, high;
  int rectifies;
  __device__ Range of(long long channel) const { return Range(amax[channel], low, high, rectifies); }
};

// Calls work(position in four, range) for the elements from `first`.
template <typename Work>
__device__ void for_four(const Ranges& ranges, long long first, int count, const Work& work) {
  const Range of_all = ranges.of(0);
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (i < count) work(i, ranges.channels == 1 ? of_all : ranges.of((first + i) / ranges.run % ranges.channels));
  }
}

template <typename Source, typename Result>
__device__ void round_all(const Source* x, Result* y, long long count, const Ranges& ranges, int aligned) {
  const long long first = 4 * (blockIdx.x * 256LL + threadIdx.x);
  const int here = count - first < 4 ? (int)(count - first) : 4;
  if (here <= 0) return;
  const bool whole = aligned && here == 4;
  const Four<Source> in = load(x + first, here, whole);
  Four<Result> out;
  for_four(ranges, first, here, [&](int i, const Range& range) { assign(out.at[i], rounded(to_float(in.at[i]), range)); });
  store(y + first, out, here, whole);
}

template <typename Source, typename Result>
__device__ void gradient_all(const Source* x, const Result* upstream, Source* y, long long count,
                             const Ranges& ranges, int aligned) {
  const long long first = 4 * (blockIdx.x * 256LL + threadIdx.x);
  const int here = count - first < 4 ? (int)(count - first) : 4;
  if (here <= 0) return;
  const bool whole = aligned && here == 4;
  const Four<Source> in = load(x + first, here, whole);
  const Four<Result> above = load(upstream + first, here, whole);
  Four<Source> out;
  for_four(ranges, first, here, [&](int i, const Range& range) {
    const bool flows = passes(to_float(in.at[i]), range.amax, ranges.low, ranges.rectifies);
    assign(out.at[i], flows ? to_float(above.at[i]) : 0.0f);
  });
  store(y + first, out, here, whole);
}

#define KERNELS(suffix, Source, Result)                                                                  \
  extern "C" __global__ void round_##suffix(const Source* x, const Result*, Result* y, long long count,  \
                                            const float* amax, long long run, long long channels,        \
                                            float low, float high, int rectifies, int aligned) {         \
    round_all(x, y, count, Ranges{amax, run, channels, low, high, rectifies}, aligned);                  \
  }                                                                                                      \
  extern "C" __global__ void gradient_##suffix(const Source* x, const Result* upstream, Source* y,       \
                                               long long count, const float* amax, long long run,        \
                                               long long channels, float low, float high, int rectifies, \
                                               int aligned) {                                            \
    gradient_all(x, upstream, y, count, Ranges{amax, run, channels, low, high, rectifies}, aligned);     \
  }
KERNELS(float, float, float)
KERNELS(bf16, Bf16, Bf16)
KERNELS(float_to_bf16, float, Bf16)
)cuda";

/// result: [same as source] to write; upstream: undefined for the forward pass.
void run_kernel(const std::string& name, const Tensor& source, const Tensor& upstream, const Tensor& ranges,
                const Tensor& result, const Rounding& rounding) {
  static const CudaProgram program(std::string(kRoundingOnCuda) + kFakeQuantSource);
  const int64_t count = source.numel();
  if (count == 0) return;
  const int64_t channels = rounding.axis < 0 ? 1 : source.size(rounding.axis);
  const int64_t run = channels == 1 ? count : source.stride(rounding.axis);
  const void* x = source.const_data_ptr();
  const void* above = upstream.defined() ? upstream.const_data_ptr() : nullptr;
  void* y = result.mutable_data_ptr();
  const auto is_aligned = [](const void* data) { return reinterpret_cast<uintptr_t>(data) % 16 == 0; };
  const int aligned = is_aligned(x) && is_aligned(above) && is_aligned(y) ? 1 : 0;
  const char* suffix = source.scalar_type() == at::kBFloat16 ? "_bf16"
                       : rounding.type == at::kBFloat16      ? "_float_to_bf16"
                                                             : "_float";
  constexpr int64_t kOfBlock = 4 * CudaProgram::kThreads;
  program.launch((name + suffix).c_str(), source.device(), (count + kOfBlock - 1) / kOfBlock, x, above, y,
                 count, ranges.const_data_ptr<float>(), run, channels, static_cast<float>(rounding.range.low),
                 static_cast<float>(rounding.range.high), rounding.rectifies ? 1 : 0, aligned);
}

}  // namespace

const char* const kRoundingOnCuda = R"cuda(
struct Range {
  float factor, low, high, amax;
  bool is_zero;
  __device__ Range(float amax, float low, float high, bool rectifies)
      : factor(__fdiv_rn(high, amax)), low(rectifies ? 0 : low), high(high), amax(amax),
        is_zero(amax <= 0x1p-24f) {}
};

__device__ float rounded(float x, const Range& range) {
  const float shift = 12582912.0f;
  float code = __fmul_rn(x, range.factor);
  code = code < range.low ? range.low : code;
  code = range.high < code ? range.high : code;
  return range.is_zero ? 0.0f : __fdiv_rn(__fsub_rn(__fadd_rn(code, shift), shift), range.factor);
}

__device__ bool passes(float x, float amax, float low, bool rectifies) {
  return (rectifies ? x > 0 : x >= (low < 0 ? -amax : 0.0f)) && x <= amax;
}
)cuda";

Tensor fake_quantize_on_cuda(const Tensor& source, const Tensor& ranges, const Rounding& rounding) {
  Tensor result = torch::empty_like(source, source.options().dtype(rounding.type));
  run_kernel("round", source, {}, ranges, result, rounding);
  return result;
}

Tensor fake_quantize_gradient_on_cuda(const Tensor& source, const Tensor& upstream, const Tensor& ranges,
                                      const Rounding& rounding) {
  Tensor gradient = torch::empty_like(source);
  run_kernel("gradient", source, upstream, ranges, gradient, rounding);
  return gradient;
}

}  // namespace y6q::eager
