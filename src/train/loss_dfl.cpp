#include "train/loss_dfl.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace y6q::train {
namespace {

/// Softmax probabilities of one side; returns the logarithm of the normaliser: ln p_i = logits[i] - result.
double softmax(const float* logits, int64_t bins, std::vector<double>& probabilities) {
  probabilities.resize(static_cast<size_t>(bins));
  const double top = *std::max_element(logits, logits + bins);
  double sum = 0;
  for (size_t i = 0; i < probabilities.size(); ++i) sum += probabilities[i] = std::exp(logits[i] - top);
  for (double& value : probabilities) value /= sum;
  return top + std::log(sum);
}

double expectation(const std::vector<double>& probabilities) {
  double sum = 0;
  for (size_t i = 0; i < probabilities.size(); ++i) sum += static_cast<double>(i) * probabilities[i];
  return sum;
}

}  // namespace

std::array<float, 4> expected_distances(const float* logits, int64_t reg_max) {
  std::array<float, 4> sides{};
  std::vector<double> probabilities;
  for (size_t side = 0; side < 4; ++side) {
    softmax(logits + static_cast<int64_t>(side) * (reg_max + 1), reg_max + 1, probabilities);
    sides[side] = static_cast<float>(expectation(probabilities));
  }
  return sides;
}

void add_expected_gradient(const float* logits, int64_t reg_max, const std::array<double, 4>& side_gradient,
                           float* gradient) {
  const int64_t bins = reg_max + 1;
  std::vector<double> probabilities;
  for (size_t side = 0; side < 4; ++side) {
    const int64_t first = static_cast<int64_t>(side) * bins;
    softmax(logits + first, bins, probabilities);
    const double mean = expectation(probabilities);
    for (int64_t i = 0; i < bins; ++i) {
      const double slope = probabilities[static_cast<size_t>(i)] * (static_cast<double>(i) - mean);
      gradient[first + i] += static_cast<float>(side_gradient[side] * slope);
    }
  }
}

double dfl_loss(const float* logits, int64_t reg_max, const std::array<double, 4>& target, double scale,
                float* gradient) {
  const int64_t bins = reg_max + 1;
  std::vector<double> probabilities;
  double loss = 0;
  for (size_t side = 0; side < 4; ++side) {
    const double distance = std::clamp(target[side], 0.0, static_cast<double>(reg_max) - 0.01);
    const auto left = static_cast<int64_t>(distance);
    const double right_weight = distance - static_cast<double>(left), left_weight = 1 - right_weight;
    const int64_t first = static_cast<int64_t>(side) * bins;
    const double normaliser = softmax(logits + first, bins, probabilities);
    loss += left_weight * (normaliser - logits[first + left]) +
            right_weight * (normaliser - logits[first + left + 1]);
    for (int64_t i = 0; i < bins; ++i) {
      const double wanted = (i == left ? left_weight : 0) + (i == left + 1 ? right_weight : 0);
      gradient[first + i] += static_cast<float>(scale / 4 * (probabilities[static_cast<size_t>(i)] - wanted));
    }
  }
  return loss / 4;
}

}  // namespace y6q::train
