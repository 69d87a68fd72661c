#include "ptq/adaptive_rounding.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "eager/fake_quant.h"
#include "eager/parallel.h"
#include "quant/fake_quant.h"

namespace y6q::ptq {
namespace {

using torch::Tensor;

/// A share of the mean variance on top of each: directions that few samples say nothing of cost something,
/// too.
constexpr double kDamping = 0.01;

/// Weights whose largest gain is known together.
constexpr int64_t kBlock = 128;
constexpr float kNever = std::numeric_limits<float>::infinity();

/// [K, K] float32
Tensor covariance_of(const Tensor& inputs) {
  const Tensor centred = (inputs - inputs.mean(0, true, torch::kFloat64)).to(torch::kFloat32);
  Tensor covariance = centred.t().matmul(centred) / static_cast<double>(inputs.size(0));
  const double mean = covariance.diagonal().mean().item<double>();
  covariance.diagonal().add_(kDamping * mean);
  return covariance;
}

/// A weight has become `change` codes larger, and `column` is C's of it. Of each block the largest gain of
/// one step: with g = C d and the variance v the error changes by v - 2 |g| where the code of a weight goes
/// one towards -g.
__attribute__((target_clones("avx512f", "avx2", "default"))) void follow(float change, const float* column,
                                                                         const float* variance, int64_t size,
                                                                         float* gradient, float* gains) {
  for (int64_t first = 0; first < size; first += kBlock) {
    const int64_t last = std::min(first + kBlock, size);
    float best = -kNever;
#pragma omp simd reduction(max : best)
    for (int64_t k = first; k < last; ++k) {
      gradient[k] += change * column[k];
      best = std::max(best, 2 * std::fabs(gradient[k]) - variance[k]);
    }
    gains[first / kBlock] = best;
  }
}

/// The weights of one output.
class Row {
 public:
  /// code, gradient (C d, half of the error's): of each weight; both follow the steps.
  Row(float* code, float* gradient, const Tensor& covariance)
      : code_(code),
        gradient_(gradient),
        covariance_(covariance.const_data_ptr<float>()),
        size_(covariance.size(0)),
        variance_(static_cast<size_t>(size_)),
        gains_(static_cast<size_t>((size_ + kBlock - 1) / kBlock)) {
    for (int64_t k = 0; k < size_; ++k) variance_[static_cast<size_t>(k)] = covariance_[k * (size_ + 1)];
  }

  /// Codes stay within -most and most, those that are as large as any stay as they are.
  void improve(float most) {
    const float least_gain = kLeastGain * *std::ranges::max_element(variance_), largest = largest_code();
    for (int64_t k = 0; k < size_; ++k) {
      if (std::fabs(code_[k]) == largest) freeze(k);
    }
    follow(0, covariance_, variance_.data(), size_, gradient_, gains_.data());
    for (int64_t count = 0; count < kMostSteps * size_; ++count) {
      const int64_t best = best_step();
      if (gain(best) <= least_gain) return;
      const float change = gradient_[best] > 0 ? -1 : 1;
      code_[best] += change;
      if (std::fabs(code_[best]) == most) freeze(best);
      follow(change, covariance_ + best * size_, variance_.data(), size_, gradient_, gains_.data());
    }
  }

 private:
  static constexpr int64_t kMostSteps = 8;    ///< a weight, on average
  static constexpr float kLeastGain = 1e-5F;  ///< above the rounding errors of the gradient

  float gain(int64_t k) const { return 2 * std::fabs(gradient_[k]) - variance_[static_cast<size_t>(k)]; }
  void freeze(int64_t k) { variance_[static_cast<size_t>(k)] = kNever; }
  float largest_code() const {
    float largest = 0;
    for (int64_t k = 0; k < size_; ++k) largest = std::max(largest, std::fabs(code_[k]));
    return largest;
  }

  int64_t best_step() const {
    const int64_t first = (std::ranges::max_element(gains_) - gains_.begin()) * kBlock;
    int64_t best = first;
    for (int64_t k = first; k < std::min(first + kBlock, size_); ++k) {
      if (gain(k) > gain(best)) best = k;
    }
    return best;
  }

  float *code_, *gradient_;
  const float* covariance_;
  int64_t size_;
  std::vector<float> variance_;  ///< infinite of weights that stay as they are
  std::vector<float> gains_;
};

}  // namespace

Tensor rounded_adaptively(const Tensor& weight, const Tensor& amax, const Tensor& inputs,
                          const ir::FakeQuant& quantizer) {
  const torch::NoGradGuard no_gradients;
  const Tensor covariance = covariance_of(inputs), nearest = eager::fake_quantize(weight, amax, quantizer);
  if (covariance[0][0].item<float>() == 0) return nearest;  // inputs that never change
  const auto most = static_cast<float>(quant::integer_range(quantizer.bits, quantizer.is_signed).high);
  const Tensor step = torch::where(amax > quant::kZeroRange, amax / most, 1.0).unsqueeze(1);
  const Tensor codes = (nearest / step).round().contiguous();
  const Tensor gradients = (codes - weight / step).matmul(covariance);
  const int64_t size = codes.size(1);
  at::parallel_for(0, codes.size(0), 1, [&](int64_t first, int64_t last) {
    for (int64_t o = first; o < last; ++o) {
      Row(codes.mutable_data_ptr<float>() + o * size, gradients.mutable_data_ptr<float>() + o * size,
          covariance)
          .improve(most);
    }
  });
  return eager::fake_quantize(codes * step, amax, quantizer);
}

}  // namespace y6q::ptq
