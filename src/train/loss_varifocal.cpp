#include "train/loss_varifocal.h"

#include <algorithm>

#include "train/logistic.h"

namespace y6q::train {
namespace {

constexpr float kAlpha = 0.75F, kLargestLog = 100.0F;

struct Element {
  float loss = 0, gradient = 0;
};

/// 0.75 p^2 sp with sp = softplus(x); by x: 0.75 (2 p^2 (1 - p) sp + p^3).
inline Element background(float logit) {
  const auto [p, softplus] = logistic(logit);
  const float log_term = softplus < kLargestLog ? softplus : kLargestLog;
  const float weight = kAlpha * p * p;
  return {weight * log_term, weight * (2.0F * (1.0F - p) * log_term + p)};
}

/// q (softplus(x) - q x); by x: q (p - q).
inline Element object(float logit, float q) {
  const auto [p, softplus] = logistic(logit);
  const float log_not_p = std::min(softplus, kLargestLog), log_p = std::min(softplus - logit, kLargestLog);
  return {q * (q * log_p + (1.0F - q) * log_not_p), q * (p - q)};
}

/// Sums in float over a block (vectors), in double over blocks.
__attribute__((target_clones("avx512f", "avx2", "default"))) float background_block(const float* logits,
                                                                                    int64_t count,
                                                                                    float scale,
                                                                                    float* gradient) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; ++i) {
    const Element element = background(logits[i]);
    sum += element.loss;
    gradient[i] = scale * element.gradient;
  }
  return sum;
}

}  // namespace

double varifocal_loss(std::span<const float> logits, std::span<const ClassTarget> targets, double scale,
                      float* gradient) {
  constexpr int64_t kBlock = 1024;
  const auto count = static_cast<int64_t>(logits.size());
  const auto factor = static_cast<float>(scale);
  double sum = 0;
  for (int64_t first = 0; first < count; first += kBlock) {
    sum += background_block(logits.data() + first, std::min(kBlock, count - first), factor, gradient + first);
  }
  for (const ClassTarget& target : targets) {
    const float logit = logits[static_cast<size_t>(target.element)];
    const Element element = object(logit, static_cast<float>(target.score));
    sum += static_cast<double>(element.loss) - background(logit).loss;
    gradient[target.element] = factor * element.gradient;
  }
  return sum;
}

}  // namespace y6q::train
