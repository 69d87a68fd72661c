#pragma once

#include "eager/torch.h"
#include "quant/histogram.h"

namespace y6q::ptq {

/// Adds |source| of any shape, float32, to the histogram: by its own loop on the CPU, by operators on another
/// device, where one number and the counts cross the bus. The counts are the same.
void count_magnitudes(quant::Histogram& histogram, const torch::Tensor& source);

/// The same by operators, on any device. The host waits for two results.
void count_magnitudes_by_operators(quant::Histogram& histogram, const torch::Tensor& source);

}  // namespace y6q::ptq
