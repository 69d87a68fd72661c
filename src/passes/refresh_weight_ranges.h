#pragma once

#include "ir/model.h"

namespace y6q::passes {

/// Sets the range of every weight quantizer to the largest magnitude of each channel of the weight as it
/// stands: after training, averaging or loading, so that no weight saturates and no step is wasted.
///
///   weight   amax             weight   amax'
///       \     /                   \     /
///        quant        -->          quant
///
/// Differs from the model where a range was another one. Activation ranges stay.
ir::Model refresh_weight_ranges(ir::Model model);

/// Largest magnitude of each channel of `axis`, shape [channels]; of all elements when axis < 0, shape [].
ir::Array channel_ranges(const ir::Array& weight, int64_t axis);

}  // namespace y6q::passes
