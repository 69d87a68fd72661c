#pragma once

#include "ir/model.h"

namespace y6q::ir {

/// How many output channels of a convolution are constant zero, whatever it reads: the kernel is zero or what
/// a range of zero leaves of it, and the bias is zero, or below where a ReLU alone reads the result. 0 for
/// other operators, and where a batch norm follows.
int64_t dead_channels(const Model& model, Value convolution);
/// Of all of them.
int64_t dead_channels(const Model& model);

}  // namespace y6q::ir
