#pragma once

#include "ir/model.h"

namespace y6q::passes {

/// Replaces quantized weights by what their quantizers make of them.
///
///   src.quant  weight.quant <- weight          src.quant  weight'
///          \      /                      -->          \      /
///            conv                                       conv
///
/// Computes the same to the bit. A runtime that chooses ranges of weights by itself, one an output channel,
/// finds the same steps and codes in weight' again, for its largest magnitude is a code of 127; and where it
/// computes such a layer in float after all, weights and bias (corrected for the rounded weights) still
/// belong together.
ir::Model round_weights(const ir::Model& model);

/// What a weight quantizer makes of its weight, element by element.
std::vector<float> rounded_weight(const ir::Model& model, const ir::Node& quantizer);

}  // namespace y6q::passes
