#pragma once

#include <string>
#include <vector>

#include "ir/model.h"

namespace y6q::passes {

/// Adds ir::Decode on the outputs cls0 …, reg0 … (as many levels as strides, finest first) as output
/// "outputs".
///
///   cls0 … clsL  reg0 … regL          cls0 … clsL  reg0 … regL
///                             -->           \        /
///                                             decode = outputs
///
/// All other outputs stay. Throws InputError when a level is missing or there is an output "outputs" already.
ir::Model append_decode(const ir::Model& model, const std::vector<int64_t>& strides = {8, 16, 32});

/// The same model with these outputs only, in this order; what they do not need is dropped. Throws InputError
/// naming the outputs there are.
ir::Model select_outputs(const ir::Model& model, const std::vector<std::string>& names);

}  // namespace y6q::passes
