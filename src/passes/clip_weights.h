#pragma once

#include "ir/model.h"

namespace y6q::passes {

/// Clips quantized weights to the range of each channel that rounds them with the least squared error
/// (quant::amax_by_mse), which becomes the quantizer's: a few large weights then do not make the steps of all
/// others wide.
///
///   weight   amax             weight'  amax' <= amax
///       \     /                   \     /
///        quant        -->          quant
///
/// The largest magnitude of a channel of weight' is its range, so that refresh_ranges finds amax' again.
ir::Model clip_weights(ir::Model model);

}  // namespace y6q::passes
