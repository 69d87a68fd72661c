#include "eager/batch_norm_kernel.h"

#include <algorithm>

#include "eager/cuda_program.h"
#include "eager/fake_quant_kernel.h"

namespace y6q::eager {
namespace {

using torch::Tensor;

// Memory is a matrix [rows, channels]. A thread holds kWidth neighbouring channels and goes down the rows in
// steps of all blocks' rows. Sums are taken of what is left after the first row's value has been subtracted,
// so that a large mean does not swallow a small variance.
constexpr const char* kBatchNormSource = R"cuda(
constexpr int kWidth = 8, kThreads = 256, kAhead = 4;

template <typename Element>
struct alignas(16) Pixels { Element at[kWidth]; };

// Where a thread works.
struct Place {
  int groups, rows_of_block, group, row;
  long long step;
  __device__ Place(int channels)
      : groups(channels / kWidth), rows_of_block(kThreads / groups), group(threadIdx.x % groups),
        row(threadIdx.x / groups), step((long long)gridDim.x * rows_of_block) {}
  __device__ bool idle() const { return row >= rows_of_block; }
  __device__ long long first() const { return (long long)blockIdx.x * rows_of_block + row; }
};

// Calls work(index of a group of channels in memory, pixels…) for all rows of a thread, with several loads
// under way at once.
template <typename Element, typename Load, typename Work>
__device__ void for_rows(const Place& place, long long rows, const Load& load, const Work& work) {
  for (long long row = place.first(); row < rows; row += kAhead * place.step) {
    decltype(load(0LL)) loaded[kAhead];
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      const long long at = row + i * place.step;
      if (at < rows) loaded[i] = load(at * place.groups + place.group);
    }
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      const long long at = row + i * place.step;
      if (at < rows) work(at * place.groups + place.group, loaded[i]);
    }
  }
}

// Adds two sums of each channel over the rows of a block: partial[block][2][channels].
__device__ void add_rows(const Place& place, const float* first, const float* second, float* partial,
                         int channels) {
  __shared__ float sums[2 * kWidth][kThreads];
  for (int i = 0; i < kWidth; ++i) {
    sums[i][threadIdx.x] = first[i];
    sums[kWidth + i][threadIdx.x] = second[i];
  }
  __syncthreads();
  for (int at = threadIdx.x; at < 2 * channels; at += kThreads) {
    const int channel = at % channels, which = at / channels;
    const float* column = sums[which * kWidth + channel % kWidth];
    float sum = 0;
    for (int row = 0; row < place.rows_of_block; ++row) sum += column[row * place.groups + channel / kWidth];
    partial[2LL * channels * blockIdx.x + at] = sum;
  }
}

// The sum of a block's threads, in all of them.
__device__ double sum_of_block(double value) {
  __shared__ double sums[kThreads];
  sums[threadIdx.x] = value;
  __syncthreads();
  for (int half = kThreads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    __syncthreads();
  }
  const double sum = sums[0];
  __syncthreads();
  return sum;
}

// A channel's partial sums: one block a channel.
__device__ double total_of(const float* partial, int blocks, int channels, int which) {
  double sum = 0;
  for (int block = threadIdx.x; block < blocks; block += kThreads)
    sum += partial[(2LL * block + which) * channels + blockIdx.x];
  return sum_of_block(sum);
}

// What follows the affine map: nothing, max(y, 0), or a quantizer behind either, of the value that memory would
// have had between them. As on the host.
struct Activation {
  const float* amax;
  float low, high;
  int rectifies;
};

template <typename Element>
struct Rounding {
  Range range;
  float low;
  bool quantizes, rectifies;
  __device__ Rounding(const Activation& activation)
      : range(activation.amax ? *activation.amax : 1, activation.low, activation.high, activation.rectifies),
        low(activation.low), quantizes(activation.amax), rectifies(activation.rectifies) {}
  __device__ static float stored(float value) {
    Element element;
    assign(element, value);
    return to_float(element);
  }
  __device__ float operator()(float value) const {
    if (quantizes) return rounded(stored(value), range);
    return rectifies && value <= 0 ? 0.0f : value;
  }
  // Whether the gradient goes on.
  __device__ bool flows(float value) const {
    if (quantizes) return passes(stored(value), range.amax, low, rectifies);
    return !rectifies || value > 0;
  }
};

// moments: [2][channels] mean and 1 / standard deviation.
struct Affine {
  float mean[kWidth], inverse[kWidth], gain[kWidth], shift[kWidth];
  __device__ Affine(const float* moments, const float* gains, const float* shifts, const Place& place,
                    int channels) {
    for (int i = 0; i < kWidth; ++i) {
      const int channel = place.group * kWidth + i;
      mean[i] = moments[channel];
      inverse[i] = moments[channels + channel];
      gain[i] = gains[channel];
      shift[i] = shifts[channel];
    }
  }
  __device__ float normalised(float x, int i) const {
    return (x - mean[i]) * inverse[i] * gain[i] + shift[i];
  }
};

template <typename Element>
__device__ void statistics(const Pixels<Element>* x, float* partial, long long rows, int channels) {
  const Place place(channels);
  float sums[kWidth] = {}, squares[kWidth] = {};
  if (!place.idle()) {
    const Pixels<Element> origin = x[place.group];
    for_rows<Element>(place, rows, [&](long long at) { return x[at]; },
                      [&](long long, const Pixels<Element>& pixels) {
                        for (int i = 0; i < kWidth; ++i) {
                          const float apart = to_float(pixels.at[i]) - to_float(origin.at[i]);
                          sums[i] += apart;
                          squares[i] += apart * apart;
                        }
                      });
  }
  add_rows(place, sums, squares, partial, channels);
}

template <typename Element>
__device__ void finish_statistics(const Element* x, const float* partial, float* moments, float* running_mean,
                                  float* running_variance, int blocks, long long rows, int channels,
                                  double momentum, double eps) {
  const double sum = total_of(partial, blocks, channels, 0), squares = total_of(partial, blocks, channels, 1);
  if (threadIdx.x != 0) return;
  const int channel = blockIdx.x;
  const double apart = sum / rows, mean = to_float(x[channel]) + apart;
  const double variance = fmax(squares / rows - apart * apart, 0.0);
  moments[channel] = mean;
  moments[channels + channel] = 1 / sqrt(variance + eps);
  const double unbiased = rows > 1 ? variance * rows / (rows - 1) : variance;
  running_mean[channel] = (1 - momentum) * running_mean[channel] + momentum * mean;
  running_variance[channel] = (1 - momentum) * running_variance[channel] + momentum * unbiased;
}

template <typename Element>
__device__ void normalise(const Pixels<Element>* x, const float* moments, const float* gains,
                          const float* shifts, Pixels<Element>* y, long long rows, int channels,
                          const Activation& activation) {
  const Place place(channels);
  if (place.idle()) return;
  const Affine affine(moments, gains, shifts, place, channels);
  const Rounding<Element> rounding(activation);
  for_rows<Element>(place, rows, [&](long long at) { return x[at]; },
                    [&](long long at, const Pixels<Element>& pixels) {
                      Pixels<Element> result;
                      for (int i = 0; i < kWidth; ++i)
                        assign(result.at[i], rounding(affine.normalised(to_float(pixels.at[i]), i)));
                      y[at] = result;
                    });
}

template <typename Element>
struct Pair { Pixels<Element> x, upstream; };

// Sums of the upstream gradient and of its products with x - mean.
template <typename Element>
__device__ void reduce_gradient(const Pixels<Element>* x, const Pixels<Element>* upstream,
                                const float* moments, const float* gains, const float* shifts, float* partial,
                                long long rows, int channels, const Activation& activation) {
  const Place place(channels);
  float sums[kWidth] = {}, products[kWidth] = {};
  if (!place.idle()) {
    const Affine affine(moments, gains, shifts, place, channels);
    const Rounding<Element> rounding(activation);
    for_rows<Element>(place, rows, [&](long long at) { return Pair<Element>{x[at], upstream[at]}; },
                      [&](long long, const Pair<Element>& pair) {
                        for (int i = 0; i < kWidth; ++i) {
                          const float value = to_float(pair.x.at[i]);
                          const bool flows = rounding.flows(affine.normalised(value, i));
                          const float above = flows ? to_float(pair.upstream.at[i]) : 0.0f;
                          sums[i] += above;
                          products[i] += above * (value - affine.mean[i]);
                        }
                      });
  }
  add_rows(place, sums, products, partial, channels);
}

// by_gain, by_shift: the parameters' gradients. means: [2][channels] of the upstream gradient and of its
// products with (x - mean) / variance.
extern "C" __global__ void finish_gradient(const float* partial, const float* moments, float* by_gain,
                                           float* by_shift, float* means, int blocks, long long rows,
                                           int channels) {
  const double sum = total_of(partial, blocks, channels, 0), products = total_of(partial, blocks, channels, 1);
  if (threadIdx.x != 0) return;
  const int channel = blockIdx.x;
  const double inverse = moments[channels + channel];
  by_gain[channel] = products * inverse;
  by_shift[channel] = sum;
  means[channel] = sum / rows;
  means[channels + channel] = products * inverse * inverse / rows;
}

template <typename Element>
__device__ void gradient(const Pixels<Element>* x, const Pixels<Element>* upstream, const float* moments,
                         const float* gains, const float* shifts, const float* means, Pixels<Element>* result,
                         long long rows, int channels, const Activation& activation) {
  const Place place(channels);
  if (place.idle()) return;
  const Affine affine(moments, gains, shifts, place, channels);
  const Rounding<Element> rounding(activation);
  float mean[kWidth], slope[kWidth];
  for (int i = 0; i < kWidth; ++i) {
    mean[i] = means[place.group * kWidth + i];
    slope[i] = means[channels + place.group * kWidth + i];
  }
  for_rows<Element>(place, rows, [&](long long at) { return Pair<Element>{x[at], upstream[at]}; },
                    [&](long long at, const Pair<Element>& pair) {
                      Pixels<Element> by_x;
                      for (int i = 0; i < kWidth; ++i) {
                        const float value = to_float(pair.x.at[i]);
                        const bool flows = rounding.flows(affine.normalised(value, i));
                        const float above = flows ? to_float(pair.upstream.at[i]) : 0.0f;
                        const float left = above - mean[i] - (value - affine.mean[i]) * slope[i];
                        assign(by_x.at[i], left * affine.inverse[i] * affine.gain[i]);
                      }
                      result[at] = by_x;
                    });
}

#define KERNELS(suffix, Element)                                                                             \
  extern "C" __global__ void statistics_##suffix(const Pixels<Element>* x, float* partial, long long rows,   \
                                                 int channels) {                                             \
    statistics(x, partial, rows, channels);                                                                  \
  }                                                                                                          \
  extern "C" __global__ void finish_statistics_##suffix(                                                     \
      const Element* x, const float* partial, float* moments, float* running_mean, float* running_variance,  \
      int blocks, long long rows, int channels, double momentum, double eps) {                               \
    finish_statistics(x, partial, moments, running_mean, running_variance, blocks, rows, channels, momentum, \
                      eps);                                                                                  \
  }                                                                                                          \
  extern "C" __global__ void normalise_##suffix(const Pixels<Element>* x, const float* moments,              \
                                                const float* gains, const float* shifts,                     \
                                                Pixels<Element>* y, long long rows, int channels,            \
                                                Activation activation) {                                     \
    normalise(x, moments, gains, shifts, y, rows, channels, activation);                                     \
  }                                                                                                          \
  extern "C" __global__ void reduce_gradient_##suffix(                                                       \
      const Pixels<Element>* x, const Pixels<Element>* upstream, const float* moments, const float* gains,   \
      const float* shifts, float* partial, long long rows, int channels, Activation activation) {            \
    reduce_gradient(x, upstream, moments, gains, shifts, partial, rows, channels, activation);               \
  }                                                                                                          \
  extern "C" __global__ void gradient_##suffix(                                                              \
      const Pixels<Element>* x, const Pixels<Element>* upstream, const float* moments, const float* gains,   \
      const float* shifts, const float* means, Pixels<Element>* result, long long rows, int channels,        \
      Activation activation) {                                                                               \
    gradient(x, upstream, moments, gains, shifts, means, result, rows, channels, activation);                \
  }
KERNELS(float, float)
KERNELS(bf16, Bf16)
)cuda";

const CudaProgram& program() {
  static const CudaProgram kernels(std::string(kRoundingOnCuda) + kBatchNormSource);
  return kernels;
}

/// How a tensor is cut.
struct Matrix {
  int64_t rows;
  int channels;
  int64_t blocks;
  std::string suffix;

  explicit Matrix(const Tensor& tensor)
      : rows(tensor.numel() / tensor.size(1)),
        channels(static_cast<int>(tensor.size(1))),
        suffix(tensor.scalar_type() == at::kBFloat16 ? "_bf16" : "_float") {
    constexpr int64_t kWidth = 8, kAhead = 4, kMostBlocks = 1024;  // enough for any GPU, few enough to add up
    const int64_t rows_of_block = CudaProgram::kThreads / (channels / kWidth);
    blocks = std::clamp<int64_t>(rows / (rows_of_block * kAhead), 1, kMostBlocks);
  }
};

Tensor floats(const Tensor& like, at::IntArrayRef shape) {
  return torch::empty(shape, like.options().dtype(torch::kFloat32));
}

/// As in the source.
struct Activation {
  const float* amax = nullptr;
  float low = 0, high = 0;
  int rectifies = 0;
};

class BatchNormOnCuda : public torch::autograd::Function<BatchNormOnCuda> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, const Tensor& gain,
                        const Tensor& shift, const Tensor& mean, const Tensor& variance,
                        const NormSettings& settings) {
    const Matrix cut(x);
    const Tensor partial = floats(x, {cut.blocks, 2, cut.channels}), moments = floats(x, {2, cut.channels});
    Tensor y = torch::empty_like(x);
    const auto launch = [&](const char* name, int64_t blocks, auto... arguments) {
      program().launch((name + cut.suffix).c_str(), x.device(), blocks, arguments...);
    };
    const auto* gains = gain.const_data_ptr<float>();
    const auto* shifts = shift.const_data_ptr<float>();
    launch("statistics", cut.blocks, x.const_data_ptr(), partial.mutable_data_ptr<float>(), cut.rows,
           cut.channels);
    launch("finish_statistics", cut.channels, x.const_data_ptr(), partial.const_data_ptr<float>(),
           moments.mutable_data_ptr<float>(), mean.mutable_data_ptr<float>(),
           variance.mutable_data_ptr<float>(), static_cast<int>(cut.blocks), cut.rows, cut.channels,
           settings.momentum, settings.eps);
    const quant::IntegerRange& range = settings.range;
    launch("normalise", cut.blocks, x.const_data_ptr(), moments.const_data_ptr<float>(), gains, shifts,
           y.mutable_data_ptr(), cut.rows, cut.channels,
           activation(settings.amax, range.low, range.high, settings.rectifies));
    context->save_for_backward({x, gain, shift, moments, settings.amax});
    context->saved_data["low"] = static_cast<int64_t>(range.low);
    context->saved_data["high"] = static_cast<int64_t>(range.high);
    context->saved_data["rectifies"] = settings.rectifies;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &gain = saved[1], &shift = saved[2], &moments = saved[3];
    auto& data = context->saved_data;
    const Activation behind =
        activation(saved[4], data["low"].toInt(), data["high"].toInt(), data["rectifies"].toBool());
    const Tensor upstream = gradients[0].to(x.scalar_type()).contiguous(torch::MemoryFormat::ChannelsLast);
    const Matrix cut(x);
    const Tensor partial = floats(x, {cut.blocks, 2, cut.channels}), means = floats(x, {2, cut.channels});
    Tensor by_x = torch::empty_like(x), by_gain = torch::empty_like(gain),
           by_shift = torch::empty_like(shift);
    const auto* known = moments.const_data_ptr<float>();
    const auto* gains = gain.const_data_ptr<float>();
    const auto* shifts = shift.const_data_ptr<float>();
    program().launch(("reduce_gradient" + cut.suffix).c_str(), x.device(), cut.blocks, x.const_data_ptr(),
                     upstream.const_data_ptr(), known, gains, shifts, partial.mutable_data_ptr<float>(),
                     cut.rows, cut.channels, behind);
    program().launch("finish_gradient", x.device(), cut.channels, partial.const_data_ptr<float>(), known,
                     by_gain.mutable_data_ptr<float>(), by_shift.mutable_data_ptr<float>(),
                     means.mutable_data_ptr<float>(), static_cast<int>(cut.blocks), cut.rows, cut.channels);
    program().launch(("gradient" + cut.suffix).c_str(), x.device(), cut.blocks, x.const_data_ptr(),
                     upstream.const_data_ptr(), known, gains, shifts, means.const_data_ptr<float>(),
                     by_x.mutable_data_ptr(), cut.rows, cut.channels, behind);
    return {by_x, by_gain, by_shift, {}, {}, {}};
  }

 private:
  static Activation activation(const Tensor& amax, int64_t low, int64_t high, bool rectifies) {
    return {amax.defined() ? amax.const_data_ptr<float>() : nullptr, static_cast<float>(low),
            static_cast<float>(high), rectifies ? 1 : 0};
  }
};

}  // namespace

bool fits_cuda_batch_norm(const Tensor& source) {
  const bool known = source.scalar_type() == at::kBFloat16 || source.scalar_type() == at::kFloat;
  return known && source.is_cuda() && source.dim() == 4 && source.size(1) % 8 == 0 &&
         source.size(1) <= 1024 && source.numel() > 0 &&
         source.is_contiguous(torch::MemoryFormat::ChannelsLast) &&
         reinterpret_cast<uintptr_t>(source.const_data_ptr()) % 16 == 0;
}

Tensor batch_norm_on_cuda(const Tensor& source, const Tensor& gain, const Tensor& shift, const Tensor& mean,
                          const Tensor& variance, const NormSettings& settings) {
  return BatchNormOnCuda::apply(source, gain, shift, mean, variance, settings);
}

}  // namespace y6q::eager
