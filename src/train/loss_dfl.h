#pragma once

#include <array>
#include <cstdint>

namespace y6q::train {

/// logits [4, reg_max + 1] of one anchor -> l, t, r, b: expectation of the bin number under the softmax.
std::array<float, 4> expected_distances(const float* logits, int64_t reg_max);

/// Adds side_gradient (by l, t, r, b) through expected_distances to gradient [4, reg_max + 1].
void add_expected_gradient(const float* logits, int64_t reg_max, const std::array<double, 4>& side_gradient,
                           float* gradient);

/// Distribution focal loss of one anchor (arXiv 2006.04388, spec/02 §6.3): mean over the sides of the two
/// weighted cross-entropies beside the target. target: l, t, r, b in stride units, clipped to [0, reg_max -
/// 0.01]. Adds scale * gradient by the logits to gradient [4, reg_max + 1]; returns the unscaled loss.
double dfl_loss(const float* logits, int64_t reg_max, const std::array<double, 4>& target, double scale,
                float* gradient);

}  // namespace y6q::train
