#pragma once

#include "ir/model.h"

namespace y6q::passes {

/// The float network: removes every FakeQuant and its range.
///
///   src   amax
///     \   /               src
///     quant      -->       |
///       |                conv
///     conv
///
/// Differs from the model by the rounding of the quantizers; undoes insert_quantizers exactly.
ir::Model strip_quantizers(const ir::Model& model);

}  // namespace y6q::passes
