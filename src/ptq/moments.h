#pragma once

#include "passes/insert_batch_norm.h"
#include "ptq/calibrator.h"

namespace y6q::ptq {

/// Moments of all convolutions without batch normalisation, over such images, with quantizers as they are.
/// With several processes the first one looks, and all get its numbers. Throws Interrupted.
std::map<std::string, passes::Moments> convolution_moments(const ir::Model& model,
                                                           const data::Dataset& dataset,
                                                           const CalibrationImages& images, Monitor& monitor,
                                                           dist::Group& group = dist::alone());

}  // namespace y6q::ptq
