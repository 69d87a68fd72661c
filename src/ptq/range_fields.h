#pragma once

#include "base/fields.h"
#include "ptq/calibrator.h"

namespace y6q::ptq {

/// The settings of RangeOptions, in the order of the struct.
const std::vector<Field<RangeOptions>>& range_fields();

}  // namespace y6q::ptq
