#include "ptq/adaptive_rounding.h"

#include <ATen/ops/eye.h>

#include <algorithm>
#include <cmath>
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

/// [K, K] float64
Tensor covariance_of(const Tensor& inputs) {
  const Tensor centred = (inputs - inputs.mean(0, true, torch::kFloat64)).to(torch::kFloat32);
  const Tensor covariance =
      centred.t().matmul(centred).to(torch::kFloat64) / static_cast<double>(inputs.size(0));
  const double mean = covariance.diagonal().mean().item<double>();
  return covariance + torch::eye(covariance.size(0), torch::kFloat64) * (kDamping * mean);
}

/// The weights of one output.
class Row {
 public:
  Row(const float* weight, float* rounded, int64_t size, const double* covariance)
      : rounded_(rounded),
        size_(size),
        covariance_(covariance),
        gradient_(static_cast<size_t>(size)),
        variance_(gradient_),
        codes_(gradient_),
        changes_(gradient_),
        gains_(gradient_) {
    largest_ = std::max_element(weight, weight + size,
                                [](float a, float b) { return std::fabs(a) < std::fabs(b); }) -
               weight;
    for (int64_t k = 0; k < size; ++k) {
      variance_[static_cast<size_t>(k)] = covariance[k * (size + 1)];
      add(k, static_cast<double>(rounded[k]) - static_cast<double>(weight[k]));
    }
  }

  /// rounded: multiples of step of at most `most` steps.
  void improve(double step, double most) {
    for (int64_t k = 0; k < size_; ++k)
      codes_[static_cast<size_t>(k)] = nearest(static_cast<double>(rounded_[k]) / step);
    for (int64_t count = 0; count < kMostSteps * size_; ++count) {
      find_steps(step, most);
      const int64_t best = std::max_element(gains_.begin(), gains_.end()) - gains_.begin();
      if (gains_[static_cast<size_t>(best)] <= kLeastGain * covariance_[0] * step * step) return;
      const double change = changes_[static_cast<size_t>(best)];
      rounded_[best] += static_cast<float>(change);
      codes_[static_cast<size_t>(best)] += change / step;
      add(best, change);
    }
  }

 private:
  static constexpr int64_t kMostSteps = 8;  ///< a weight, on average
  static constexpr double kLeastGain = 1e-9;

  /// To the nearest, half to even, without a call: |x| < 2^51.
  static double nearest(double x) {
    constexpr double kLarge = 0x1.8p52;
    return (x + kLarge) - kLarge;
  }

  /// Of each weight the change, in whole steps, that lowers the error most, and by how much.
  void find_steps(double step, double most) {
    const double *gradient = gradient_.data(), *variance = variance_.data(), *code = codes_.data();
    double *change = changes_.data(), *gain = gains_.data();
    for (int64_t k = 0; k < size_; ++k) {
      const double wanted = code[k] + nearest(-gradient[k] / (variance[k] * step));
      change[k] = (std::min(most, std::max(-most, wanted)) - code[k]) * step;
      gain[k] = -change[k] * (2 * gradient[k] + change[k] * variance[k]);
    }
    gain[largest_] = 0;
  }

  /// Weight k is `change` larger.
  void add(int64_t k, double change) {
    const double* column = covariance_ + k * size_;
    double* gradient = gradient_.data();
    for (int64_t j = 0; j < size_; ++j) gradient[j] += change * column[j];
  }

  float* rounded_;
  int64_t size_, largest_ = 0;
  const double* covariance_;
  std::vector<double> gradient_;  ///< C d, half of the error's
  std::vector<double> variance_, codes_, changes_, gains_;
};

}  // namespace

Tensor rounded_adaptively(const Tensor& weight, const Tensor& amax, const Tensor& inputs,
                          const ir::FakeQuant& quantizer) {
  const torch::NoGradGuard no_gradients;
  const Tensor covariance = covariance_of(inputs), plain = weight.contiguous(), ranges = amax.contiguous();
  const Tensor rounded = eager::fake_quantize(plain, ranges, quantizer).contiguous();
  if (covariance[0][0].item<double>() == 0) return rounded;  // inputs that never change
  const auto most = static_cast<double>(quant::integer_range(quantizer.bits, quantizer.is_signed).high);
  const int64_t size = plain.size(1);
  at::parallel_for(0, plain.size(0), 1, [&](int64_t first, int64_t last) {
    for (int64_t o = first; o < last; ++o) {
      const float range = ranges.const_data_ptr<float>()[o];
      if (range <= quant::kZeroRange) continue;
      Row(plain.const_data_ptr<float>() + o * size, rounded.mutable_data_ptr<float>() + o * size, size,
          covariance.const_data_ptr<double>())
          .improve(static_cast<double>(range) / most, most);
    }
  });
  return eager::fake_quantize(rounded, ranges, quantizer);
}

}  // namespace y6q::ptq
