#pragma once

#include <map>
#include <string>
#include <vector>

#include "ir/model.h"

namespace y6q::passes {

/// Mean of each channel of a quantizer's source over calibration images, by the quantizer's name.
using ChannelMeans = std::map<std::string, std::vector<double>>;

/// Takes back the shift that rounded weights give to a layer's mean output (Nagel et al. 2019, arXiv
/// 1906.04721, §4.2, with measured means): after a ReLU the inputs have means above 0, and the rounding
/// errors of a kernel do not cancel.
///
///   src.quant  weight.quant  bias           src.quant  weight.quant  bias'
///          \      |         /        -->           \      |         /
///                conv                                    conv
///
///   bias'_o = bias_o - sum over i and taps of (quantized weight - unrounded weight)_oi mean_i
///
/// For convolutions and transposed convolutions with a bias whose source is a quantizer with means and whose
/// weight is quantized; a transposed convolution's output sees a share 1 / stride² of the taps. Zero padding
/// is not considered. `unrounded` has the weights as they were before any rounding, under the same names:
/// `model` itself, where its quantizers are all that rounds. The mean output over the calibration images
/// becomes that of the unquantized weights; all else is left alone. Throws InternalError when means have
/// another length than the channels.
ir::Model correct_biases(const ir::Model& model, const ir::Model& unrounded, const ChannelMeans& means);

}  // namespace y6q::passes
