#pragma once

#include <functional>

#include "base/monitor.h"
#include "data/loader.h"
#include "ptq/calibrator.h"

namespace y6q::ptq {

/// Calls look(batch, count) for the batches of a calibration's images in their order; count: the images of
/// the batch, from its first, that belong to them. Tells the monitor under the name `task` how many are seen.
/// Throws Interrupted.
void for_calibration_batches(const data::Dataset& dataset, const CalibrationImages& images,
                             std::string_view task, Monitor& monitor,
                             const std::function<void(const data::Batch& batch, int64_t count)>& look);

}  // namespace y6q::ptq
