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
  const Tensor centred = inputs.to(torch::kFloat64) - inputs.mean(0, true, torch::kFloat64);
  const Tensor covariance = centred.t().matmul(centred) / static_cast<double>(inputs.size(0));
  const double mean = covariance.diagonal().mean().item<double>();
  return covariance + torch::eye(covariance.size(0), torch::kFloat64) * (kDamping * mean);
}

/// The weights of one output.
class Row {
 public:
  Row(const float* weight, float* rounded, int64_t size, const double* covariance)
      : weight_(weight),
        rounded_(rounded),
        size_(size),
        covariance_(covariance),
        gradient_(static_cast<size_t>(size)) {
    largest_ = std::max_element(weight, weight + size,
                                [](float a, float b) { return std::fabs(a) < std::fabs(b); }) -
               weight;
    for (int64_t k = 0; k < size; ++k)
      add(k, static_cast<double>(rounded[k]) - static_cast<double>(weight[k]));
  }

  /// rounded: multiples of step of at most `most` steps.
  void improve(double step, double most) {
    for (int64_t count = 0; count < kMostSteps * size_; ++count) {
      Step best;
      for (int64_t k = 0; k < size_; ++k) {
        if (k == largest_) continue;
        const Step next = best_step(k, step, most);
        if (next.gain > best.gain) best = next;
      }
      if (best.gain <= kLeastGain * covariance_[0] * step * step) return;
      rounded_[best.place] += static_cast<float>(best.change);
      add(best.place, best.change);
    }
  }

 private:
  struct Step {
    int64_t place = 0;
    double change = 0, gain = 0;
  };
  static constexpr int64_t kMostSteps = 8;  ///< a weight, on average
  static constexpr double kLeastGain = 1e-9;

  double variance(int64_t k) const { return covariance_[k * (size_ + 1)]; }

  /// The change of one weight, in whole steps, that lowers the error most.
  Step best_step(int64_t k, double step, double most) const {
    const double code = std::nearbyint(static_cast<double>(rounded_[k]) / step);
    const double wanted = std::nearbyint(-gradient_[static_cast<size_t>(k)] / (variance(k) * step));
    const double change = (std::clamp(code + wanted, -most, most) - code) * step;
    return {k, change, -change * (2 * gradient_[static_cast<size_t>(k)] + change * variance(k))};
  }

  /// Weight k is `change` larger.
  void add(int64_t k, double change) {
    const double* column = covariance_ + k * size_;
    for (int64_t j = 0; j < size_; ++j) gradient_[static_cast<size_t>(j)] += change * column[j];
  }

  const float* weight_;
  float* rounded_;
  int64_t size_, largest_ = 0;
  const double* covariance_;
  std::vector<double> gradient_;  ///< C d, half of the error's
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
