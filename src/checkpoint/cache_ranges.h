#pragma once

#include <map>
#include <string>

#include "ir/model.h"

namespace y6q::checkpoint {

/// Quantizers as passes::insert_quantizers places them for scheme `tensorrt`, with the scales of a
/// calibration cache by the names of tensors. A layer is quantized when what it reads and what it writes
/// (behind the activation that is fused into it) have scales and, where the weights of most such layers are
/// rounded, its own are. Ranges of rounded weights are those that give them back. Scales of other tensors are
/// passed over. Throws InputError when no layer has its scales, or a tensor that integer layers share with
/// others has none.
ir::Model quantized_by_cache(const ir::Model& deployed, const std::map<std::string, float>& scales);

}  // namespace y6q::checkpoint
