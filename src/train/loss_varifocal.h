#pragma once

#include <cstdint>
#include <span>

namespace y6q::train {

/// The class of a positive anchor: element = anchor * class_count + label of the logits.
struct ClassTarget {
  int64_t element = 0;
  double score = 0;  ///< q in [0, 1]
};

/// Varifocal loss (arXiv 2008.13367, spec/02 §6.1), summed: with p = sigmoid(logit), background elements cost
/// 0.75 p^2 BCE(p, 0), targets q BCE(p, q); logarithms are clamped at -100. Writes scale * gradient by the
/// logits (through the weight p^2 too) to gradient, of the size of logits; returns the unscaled sum.
double varifocal_loss(std::span<const float> logits, std::span<const ClassTarget> targets, double scale,
                      float* gradient);

}  // namespace y6q::train
