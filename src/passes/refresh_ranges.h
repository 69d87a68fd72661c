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
/// Ranges of activations stay, but for those that are not of an FP16 scale where their quantizer asks for it:
/// they become the next ones that are.
ir::Model refresh_ranges(ir::Model model);

/// The ranges that `quantizer` needs for this weight: the largest magnitude of each channel of its axis,
/// shape [channels], or of all elements where it has none, shape []; with half_scale the next ones whose
/// scale is an FP16 number (quant/half_scale.h).
ir::Array weight_ranges(const ir::Array& weight, const ir::FakeQuant& quantizer);

}  // namespace y6q::passes
