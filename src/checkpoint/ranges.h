#pragma once

#include <map>
#include <string>
#include <vector>

#include "formats/pt_reader.h"
#include "ir/model.h"

namespace y6q::checkpoint {

/// `_amax` of one quantizer of a checkpoint (spec/04 §2).
struct CheckpointRange {
  std::vector<float> amax;  ///< one, or one a channel
  formats::PtQuantizer settings{};
};

/// By the quantizer's path, nested: `<layer>._input_quantizer`, `<layer>._weight_quantizer` and
/// `neck.upsample_feat0_quant`, `neck.upsample_feat1_quant`.
using CheckpointRanges = std::map<std::string, CheckpointRange>;

/// Quantizers as passes::insert_quantizers places them, signed, with the checkpoint's ranges: they belong to
/// scheme `tensorrt` but for the tensors that only float layers read, of which a checkpoint knows no range,
/// and for scales that FP16 holds. A checkpoint has a quantizer in front of each layer, ours stand on
/// tensors: a tensor's range is the largest of the layers that read it; the output of an upsampling layer has
/// the range of its own quantizer. Layers without ranges, or with disabled quantizers, stay float. Ranges are
/// shared (passes::share_ranges) as the reference does when it exports with --graph-opt.
///
/// Ranges of weights are those of `deployed` as it stands (passes::deploy): the checkpoint's belong to
/// kernels before folding, and on axis 0, which is the input channel of transposed convolutions (spec/04
/// §10.8).
///
/// Throws InputError naming every range that belongs to no layer, is missing, has another length, is not
/// finite or negative, and every quantizer with settings that this scheme does not have.
ir::Model quantized_by_checkpoint(const ir::Model& deployed, const CheckpointRanges& ranges);

/// The way back: the ranges that a reference checkpoint of this calibrated model holds. Ranges of weights on
/// axis 0, also of transposed convolutions. Throws UnsupportedError for unsigned quantizers (scheme `cpu`).
CheckpointRanges checkpoint_ranges(const ir::Model& calibrated);

}  // namespace y6q::checkpoint
